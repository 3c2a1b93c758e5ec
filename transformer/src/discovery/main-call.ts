import { type CallExpression, Node, type SourceFile, SyntaxKind } from 'ts-morph';
import { RUNTIME } from './runtime-package.js';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** A program's `main({ model: X, data: Y, … })`. */
export interface MainCall {
  readonly call: CallExpression;
  /** What the call gives as `model`; undefined when it gives none, or not in a way that can be read. */
  readonly model: Node | undefined;
  readonly data: Node | undefined;
  readonly trainer: Node | undefined;
  readonly callbacks: Node | undefined;
}

export function findMainCalls(files: readonly SourceFile[], runtime: RuntimeSymbols): MainCall[] {
  return files
    .filter((file) => file.getFullText().includes(RUNTIME))
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.CallExpression))
    .filter(
      (call) =>
        /(^|\.)main$|^\w+$/.test(call.getExpression().getText()) &&
        runtime.nameOf(call.getExpression()) === 'main',
    )
    .map((call) => ({
      call,
      model: argument(call, 'model'),
      data: argument(call, 'data'),
      trainer: argument(call, 'trainer'),
      callbacks: argument(call, 'callbacks'),
    }));
}

function argument(call: CallExpression, name: string): Node | undefined {
  const [options] = call.getArguments();
  if (!Node.isObjectLiteralExpression(options)) return undefined;
  const property = options.getProperty(name);
  if (Node.isShorthandPropertyAssignment(property)) return property.getNameNode();
  return Node.isPropertyAssignment(property) ? property.getInitializer() : undefined;
}
