import { type NewExpression, Node, SyntaxKind } from 'ts-morph';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { OptimizerWithoutParameters } from '../diagnostics/optimizer-without-parameters.js';
import { unwrapped } from '../discovery/constant-value.js';
import { holdingsOf } from '../discovery/holds-variables.js';
import { hookMethod } from '../discovery/hook-method.js';
import type { LightningClass } from '../discovery/lightning-class.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import { isInstanceOf } from '../types/instance-of.js';
import type { Check } from './check.js';

/** Optimizers get something to train, as far as the source tells. */
export const checkParameters: Check = ({ files, classes, runtime }) => [
  ...files.flatMap((file) => newOptimizers(file, runtime)).flatMap(emptyList),
  ...classes
    .filter((owner) => owner.kind === 'module' && isLeaf(owner, classes))
    .flatMap((owner) => emptyModule(owner, runtime)),
];

/** A class that is used as it stands: what others add to it is theirs. */
function isLeaf({ declaration }: LightningClass, classes: readonly LightningClass[]): boolean {
  return !declaration.isAbstract() && !classes.some(({ bases }) => bases.includes(declaration));
}

function emptyList(created: NewExpression): Diagnostic[] {
  const [params] = created.getArguments();
  const list = params && unwrapped(params);
  if (!Node.isArrayLiteralExpression(list) || list.getElements().length > 0) return [];
  return [new OptimizerWithoutParameters(list, created.getExpression().getText(), 'the list is empty')];
}

/** `new SGD(this.parameters())` in a module that has none. */
function emptyModule(owner: LightningClass, runtime: RuntimeSymbols): Diagnostic[] {
  const method = hookMethod(owner, 'configure_optimizers');
  const optimizers = method === undefined ? [] : newOptimizers(method, runtime);
  return optimizers.flatMap((created) => {
    const [params] = created.getArguments();
    if (params?.getText() !== 'this.parameters()' || !givesProperties(owner, runtime)) return [];
    const { mayHold, outOfReach } = holdingsOf(owner);
    if (mayHold) return [];
    const cause =
      outOfReach.length === 0
        ? `${owner.name} has no layer, model or variable in its properties`
        : `${outOfReach.join(' and ')} of ${owner.name} cannot be seen from outside; use a property without #`;
    return [new OptimizerWithoutParameters(params, created.getExpression().getText(), cause)];
  });
}

/** Whether `parameters()` is the runtime's, which looks at the properties. */
function givesProperties({ declaration }: LightningClass, runtime: RuntimeSymbols): boolean {
  const methods = ['parameters', 'namedParameters'].flatMap(
    (name) => declaration.getType().getProperty(name)?.getDeclarations() ?? [],
  );
  return methods.length > 0 && methods.every((method) => runtime.declares(method));
}

function newOptimizers(within: Node, runtime: RuntimeSymbols): NewExpression[] {
  return within
    .getDescendantsOfKind(SyntaxKind.NewExpression)
    .filter((created) => runtime.nameOf(created.getExpression()) !== undefined)
    .filter((created) => isInstanceOf(created.getType(), 'Optimizer', runtime));
}
