import { Node, type PropertyAssignment, type ShorthandPropertyAssignment, SyntaxKind } from 'ts-morph';
import { UnknownMetric } from '../diagnostics/unknown-metric.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import { literalNames } from '../discovery/literal-names.js';
import { isLogged } from '../discovery/logged-metrics.js';
import { propertyValue } from '../discovery/property-value.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import type { Check } from './check.js';

type MonitorProperty = PropertyAssignment | ShorthandPropertyAssignment;

/** Metrics that something monitors are metrics that something logs. */
export const checkMonitors: Check = ({ files, classes, runtime, metrics }) =>
  files
    .flatMap((file): MonitorProperty[] => [
      ...file.getDescendantsOfKind(SyntaxKind.PropertyAssignment),
      ...file.getDescendantsOfKind(SyntaxKind.ShorthandPropertyAssignment),
    ])
    .filter((property) => property.getName() === 'monitor')
    .filter((property) => isOption(property, runtime) || isInOptimizers(property, classes))
    .flatMap((property) => {
      const value = propertyValue(property);
      const names = (value && literalNames(value)) ?? [];
      const [unlogged] = names;
      // Of several that it may be, those that are logged may be the ones that it is.
      if (unlogged === undefined || names.some((name) => isLogged(name, metrics.all))) return [];
      return [new UnknownMetric(placeIn(property), unlogged, metrics.all.names)];
    });

function placeIn(property: MonitorProperty): Node {
  return (Node.isPropertyAssignment(property) ? property.getInitializer() : undefined) ?? property;
}

/** `new ModelCheckpoint({ monitor: … })`, or another class of the runtime. */
function isOption(property: MonitorProperty, runtime: RuntimeSymbols): boolean {
  const created = property.getParent().getParent();
  return Node.isNewExpression(created) && runtime.nameOf(created.getExpression()) !== undefined;
}

/** A scheduler's `monitor`, in what configure_optimizers returns. */
function isInOptimizers(property: MonitorProperty, classes: readonly LightningClass[]): boolean {
  const method = property.getFirstAncestorByKind(SyntaxKind.MethodDeclaration);
  return classes.some(({ ownHooks }) =>
    ownHooks.some(({ hook, member }) => hook === 'configure_optimizers' && member === method),
  );
}
