import { type MethodDeclaration, Node, Scope, SyntaxKind } from 'ts-morph';
import type { LightningClass } from './lightning-class.js';

/** During which hooks a piece of a class's code runs. */
export interface RunningHooks {
  readonly hooks: readonly string[];
  /** The private method that the hooks' methods call; undefined where the code stands in a hook's method itself. */
  readonly through: string | undefined;
}

/**
 * The hooks during which a node runs: those that its method serves, or that call it where it is private. Undefined
 * where other code may run it too, or later.
 */
export function runningHooks(node: Node, owner: LightningClass): RunningHooks | undefined {
  const method = methodAround(node, owner);
  if (method === undefined) return undefined;
  const served = servedHooks(method, owner);
  if (served.length > 0) return { hooks: served, through: undefined };
  const hooks = callingHooks(method, owner, new Set());
  return hooks && hooks.length > 0 ? { hooks, through: method.getName() } : undefined;
}

/** Functions that call what they are given before they return. */
const immediate = /\.(tidy|forEach|map|flatMap|filter|some|every|reduce)$/;

/** The method of the class that runs a node as part of its own body. */
function methodAround(node: Node, owner: LightningClass): MethodDeclaration | undefined {
  const around = node.getFirstAncestor(
    (ancestor) => Node.isFunctionLikeDeclaration(ancestor) || Node.isClassLikeDeclarationBase(ancestor),
  );
  if (Node.isMethodDeclaration(around)) return around.getParent() === owner.declaration ? around : undefined;
  if (!Node.isArrowFunction(around) && !Node.isFunctionExpression(around)) return undefined;
  const call = around.getParent();
  return Node.isCallExpression(call) && immediate.test(call.getExpression().getText())
    ? methodAround(call, owner)
    : undefined;
}

function servedHooks(method: MethodDeclaration, { hooks }: LightningClass): string[] {
  if (method.isStatic()) return [];
  return [...hooks].filter(([, name]) => name === method.getName()).map(([hook]) => hook);
}

/** The hooks whose methods call a private one, in however many steps; undefined where something else may. */
function callingHooks(
  method: MethodDeclaration,
  owner: LightningClass,
  seen: Set<MethodDeclaration>,
): string[] | undefined {
  if (seen.has(method)) return [];
  seen.add(method);
  if (method.isStatic() || !isPrivate(method)) return undefined;
  const hooks = new Set<string>();
  for (const use of usesOf(method, owner)) {
    const call = use.getParentIfKind(SyntaxKind.CallExpression);
    const caller = call?.getExpression() === use ? methodAround(call, owner) : undefined;
    if (caller === undefined) return undefined;
    const served = servedHooks(caller, owner);
    const running = served.length > 0 ? served : callingHooks(caller, owner, seen);
    if (running === undefined) return undefined;
    for (const hook of running) hooks.add(hook);
  }
  return [...hooks];
}

function isPrivate(method: MethodDeclaration): boolean {
  return Node.isPrivateIdentifier(method.getNameNode()) || method.getScope() === Scope.Private;
}

function usesOf(method: MethodDeclaration, { declaration }: LightningClass) {
  return declaration
    .getDescendantsOfKind(SyntaxKind.PropertyAccessExpression)
    .filter((access) => access.getName() === method.getName());
}
