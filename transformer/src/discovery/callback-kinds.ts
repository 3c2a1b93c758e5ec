import { type SwitchedCallback, switchedCallbacks } from '@pl-ts/runtime/rules';
import { Node, type Type } from 'ts-morph';
import { unwrapped } from './constant-value.js';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** The setting that `callbackKinds` are the value of. */
export const callbacksPath = 'trainer.callbacks';

/** The kinds of callbacks in an expression, one for each that its type says for sure. */
export function callbackKinds(expression: Node | undefined, runtime: RuntimeSymbols): SwitchedCallback[] {
  if (expression === undefined) return [];
  const node = unwrapped(expression);
  const elements = Node.isArrayLiteralExpression(node) ? node.getElements() : [node];
  return elements.flatMap((element) => {
    const names = ancestors(element.getType()).map((type) => {
      const symbol = type.getSymbol();
      return symbol && runtime.nameOfSymbol(symbol);
    });
    return switchedCallbacks.filter((kind) => names.includes(kind));
  });
}

function ancestors(type: Type): Type[] {
  return [type, ...type.getBaseTypes().flatMap(ancestors)];
}
