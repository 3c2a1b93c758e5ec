import {
  type ClassDeclaration,
  type Decorator,
  Node,
  type ParameterDeclaration,
  type PropertyDeclaration,
} from 'ts-morph';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** One place where a class marks its hyper-parameters. */
export interface HparamsUse {
  readonly decorator: Decorator;
  /** What holds them; its type becomes the schema. */
  readonly holder: ParameterDeclaration | PropertyDeclaration;
  /** Names that `@Hparams({ ignore: […] })` leaves out. */
  readonly ignore: readonly string[];
}

/** Where a class itself uses `@Hparams`, right or wrong, in source order. */
export function findHparamsUses(declaration: ClassDeclaration, runtime: RuntimeSymbols): HparamsUse[] {
  const holders = [
    ...declaration.getConstructors().flatMap((initializer) => initializer.getParameters()),
    ...declaration.getMethods().flatMap((method) => method.getParameters()),
    ...declaration.getProperties(),
  ];
  return holders.flatMap((holder) =>
    holder.getDecorators().flatMap((decorator) => {
      const expression = decorator.getExpression();
      const callee = Node.isCallExpression(expression) ? expression.getExpression() : expression;
      return runtime.nameOf(callee) === 'Hparams'
        ? [{ decorator, holder, ignore: readIgnore(decorator) }]
        : [];
    }),
  );
}

function readIgnore(decorator: Decorator): string[] {
  const [options] = decorator.getArguments();
  if (!Node.isObjectLiteralExpression(options)) return [];
  const ignore = options.getProperty('ignore');
  const names = Node.isPropertyAssignment(ignore) ? ignore.getInitializer() : undefined;
  const list = Node.isAsExpression(names) ? names.getExpression() : names;
  if (!Node.isArrayLiteralExpression(list)) return [];
  return list.getElements().flatMap((name) => (Node.isStringLiteral(name) ? [name.getLiteralValue()] : []));
}
