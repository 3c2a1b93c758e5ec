import { ts } from 'ts-morph';
import type { BoundHook, LoopPlan } from './loop-plan.js';
import { type Edit, type Rule, replaceNode } from './rewrite.js';

/**
 * `hooks.x?.(a)` and `hooks.x!(a)` become `model.method(a)`, with as many arguments as the method takes, or `undefined`
 * where the class lacks the hook; the bare `hooks.x` of a condition becomes `true` or `false`.
 */
export function bindHooks({ hooks }: LoopPlan): Rule {
  const bind = (call: HookCall, file: ts.SourceFile): string => {
    const hook = hooks.get(call.name);
    return hook === undefined ? 'undefined' : callText(hook, call.arguments, file);
  };

  return (node, file) => {
    if (ts.isIfStatement(node)) return unwrapImpossibleComparison(node, file);
    if (ts.isAwaitExpression(node)) {
      const wrapped = wrappedHookCall(node.expression);
      const call = wrapped?.call ?? hookCall(node.expression);
      if (call === undefined || hooks.get(call.name)?.awaited) return undefined;
      const bound = bind(call, file);
      return replaceNode(node, file, wrapped ? `${wrapped.by.getText(file)}(() => ${bound})` : bound);
    }
    const call = hookCall(node);
    if (call !== undefined) return replaceNode(node, file, bind(call, file));
    const name = hookName(node);
    return name === undefined ? undefined : bindTest(node, name, file);
  };

  /** A method without a result never equals anything: `if ((await hooks.x?.()) === -1) …` is only the call. */
  function unwrapImpossibleComparison(statement: ts.IfStatement, file: ts.SourceFile): Edit | undefined {
    const { expression: test } = statement;
    if (!ts.isBinaryExpression(test) || test.operatorToken.kind !== ts.SyntaxKind.EqualsEqualsEqualsToken)
      return;
    const compared = withoutParentheses(test.left);
    const call = hookCall(ts.isAwaitExpression(compared) ? compared.expression : compared);
    const hook = call && hooks.get(call.name);
    if (call === undefined || hook === undefined || !hook.returnsNothing || statement.elseStatement) return;
    return replaceNode(statement, file, `${hook.awaited ? 'await ' : ''}${bind(call, file)};`);
  }

  function bindTest(node: ts.Node, name: string, file: ts.SourceFile): Edit {
    const { parent } = node;
    const comparison = ts.isBinaryExpression(parent) ? comparisonWithUndefined(parent) : undefined;
    if (comparison !== undefined) {
      return replaceNode(parent, file, String(hooks.has(name) === (comparison === 'present')));
    }
    if (!isCondition(node)) {
      throw new Error(`The reference loop uses hooks.${name} as a value: ${parent.getText(file)}`);
    }
    return replaceNode(node, file, String(hooks.has(name)));
  }
}

interface HookCall {
  readonly name: string;
  readonly arguments: readonly ts.Expression[];
}

/** `hooks.x(…)`, `hooks.x?.(…)`, `hooks.x!(…)` */
function hookCall(node: ts.Node): HookCall | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const callee = ts.isNonNullExpression(node.expression) ? node.expression.expression : node.expression;
  const name = hookName(callee);
  return name === undefined ? undefined : { name, arguments: node.arguments };
}

/** `f(() => hooks.x(…))`, which gives what the hook gives */
function wrappedHookCall(node: ts.Node): { by: ts.Expression; call: HookCall } | undefined {
  if (!ts.isCallExpression(node) || node.arguments.length !== 1) return undefined;
  const [wrapped] = node.arguments;
  const call = wrapped && ts.isArrowFunction(wrapped) ? hookCall(wrapped.body) : undefined;
  return call && { by: node.expression, call };
}

function hookName(node: ts.Node): string | undefined {
  const isHook =
    ts.isPropertyAccessExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'hooks';
  return isHook ? node.name.text : undefined;
}

function callText(hook: BoundHook, args: readonly ts.Expression[], file: ts.SourceFile): string {
  const passed = args.slice(0, hook.parameters).map((argument, index) => {
    const cast = hook.casts?.[index];
    return argument.getText(file) + (cast === undefined ? '' : ` as ${cast}`);
  });
  return `model.${hook.method}(${passed.join(', ')})`;
}

function withoutParentheses(node: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node;
}

function comparisonWithUndefined({
  operatorToken,
  right,
}: ts.BinaryExpression): 'present' | 'absent' | undefined {
  if (!ts.isIdentifier(right) || right.text !== 'undefined') return undefined;
  if (operatorToken.kind === ts.SyntaxKind.ExclamationEqualsEqualsToken) return 'present';
  return operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken ? 'absent' : undefined;
}

/** Whether only the node's truth matters. */
function isCondition(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return isCondition(parent);
  if (ts.isIfStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isPrefixUnaryExpression(parent)) return parent.operator === ts.SyntaxKind.ExclamationToken;
  if (!ts.isBinaryExpression(parent)) return false;
  const { kind } = parent.operatorToken;
  const isLogical = kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken;
  return isLogical && (parent.left === node || isCondition(parent));
}
