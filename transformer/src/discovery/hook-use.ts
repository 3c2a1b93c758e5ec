import {
  type ClassDeclaration,
  type ClassStaticBlockDeclaration,
  type Decorator,
  type Expression,
  Node,
} from 'ts-morph';
import type { RuntimeSymbols } from './runtime-symbols.js';

/** One place where a class marks a member as a hook. */
export interface HookUse {
  readonly decorator: Decorator;
  /** What names the hook: the decorator's argument, or the decorator itself. */
  readonly nameNode: Node;
  /** Undefined when the name is not written out. */
  readonly hook: string | undefined;
  readonly member: HookMember;
}

export type HookMember = Exclude<
  ReturnType<ClassDeclaration['getInstanceMembers' | 'getStaticMembers']>[number],
  ClassStaticBlockDeclaration
>;

/** Decorators that stand for `@Hook` with a name. */
const shorthands: ReadonlyMap<string | undefined, string> = new Map([
  ['TrainingStep', 'training_step'],
  ['ValidationStep', 'validation_step'],
  ['TestStep', 'test_step'],
  ['PredictStep', 'predict_step'],
]);

/** The hooks that a class marks itself, in source order. */
export function findHookUses(declaration: ClassDeclaration, runtime: RuntimeSymbols): HookUse[] {
  const members = [...declaration.getInstanceMembers(), ...declaration.getStaticMembers()];
  return members.flatMap((member) =>
    Node.isClassStaticBlockDeclaration(member) ? [] : usesOf(member, runtime),
  );
}

function usesOf(member: HookMember, runtime: RuntimeSymbols): HookUse[] {
  return member.getDecorators().flatMap((decorator) => {
    const use = readDecorator(decorator, runtime);
    return use === undefined ? [] : [{ ...use, decorator, member }];
  });
}

function readDecorator(
  decorator: Decorator,
  runtime: RuntimeSymbols,
): Pick<HookUse, 'nameNode' | 'hook'> | undefined {
  const expression: Expression = decorator.getExpression();
  const callee = Node.isCallExpression(expression) ? expression.getExpression() : expression;
  const name = runtime.nameOf(callee);
  const shorthand = shorthands.get(name);
  if (shorthand !== undefined) return { nameNode: decorator, hook: shorthand };
  if (name !== 'Hook') return undefined;
  const argument = Node.isCallExpression(expression) ? expression.getArguments()[0] : undefined;
  const isWritten = argument !== undefined && Node.isStringLiteral(argument);
  return { nameNode: argument ?? decorator, hook: isWritten ? argument.getLiteralValue() : undefined };
}
