import { Node, type PropertyAssignment, SyntaxKind } from 'ts-morph';
import { UnknownMetric } from '../diagnostics/unknown-metric.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import { isLogged } from '../discovery/logged-metrics.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import type { Check } from './check.js';

/** Metrics that something monitors are metrics that something logs. */
export const checkMonitors: Check = ({ files, classes, runtime, metrics }) =>
  files
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.PropertyAssignment))
    .filter((property) => property.getName() === 'monitor')
    .filter((property) => isOption(property, runtime) || isInOptimizers(property, classes))
    .flatMap((property) => {
      const value = property.getInitializer();
      if (!Node.isStringLiteral(value) || isLogged(value.getLiteralValue(), metrics.all)) return [];
      return [new UnknownMetric(value, value.getLiteralValue(), metrics.all.names)];
    });

/** `new ModelCheckpoint({ monitor: … })`, or another class of the runtime. */
function isOption(property: PropertyAssignment, runtime: RuntimeSymbols): boolean {
  const created = property.getParent().getParent();
  return Node.isNewExpression(created) && runtime.nameOf(created.getExpression()) !== undefined;
}

/** A scheduler's `monitor`, in what configure_optimizers returns. */
function isInOptimizers(property: PropertyAssignment, classes: readonly LightningClass[]): boolean {
  const method = property.getFirstAncestorByKind(SyntaxKind.MethodDeclaration);
  return classes.some(({ ownHooks }) =>
    ownHooks.some(({ hook, member }) => hook === 'configure_optimizers' && member === method),
  );
}
