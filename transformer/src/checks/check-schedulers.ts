import { type MethodDeclaration, Node, type ObjectLiteralExpression, SyntaxKind } from 'ts-morph';
import { SchedulerWithoutMonitor } from '../diagnostics/scheduler-without-monitor.js';
import { constantValue, unwrapped } from '../discovery/constant-value.js';
import { hookMethod } from '../discovery/hook-method.js';
import type { RuntimeSymbols } from '../discovery/runtime-symbols.js';
import { loopFacts } from '../emit/loop-facts.js';
import { isInstanceOf } from '../types/instance-of.js';
import type { Check } from './check.js';

/** Schedulers that watch a metric are told which, wherever the trainer steps them. */
export const checkSchedulers: Check = ({ classes, runtime }) => {
  const methods = classes
    .filter(({ kind, declaration }) => kind === 'module' && !declaration.isAbstract())
    .filter((owner) => loopFacts(owner).automaticOptimization === true)
    .map((owner) => hookMethod(owner, 'configure_optimizers'));
  return [...new Set(methods)].flatMap((method) =>
    (method === undefined ? [] : returnedBy(method))
      .flatMap((returned) => schedulersIn(returned))
      .flatMap((scheduler) => unmonitored(scheduler, runtime))
      .map((node) => new SchedulerWithoutMonitor(node, typeName(node))),
  );
};

function returnedBy(method: MethodDeclaration): Node[] {
  return method
    .getDescendantsOfKind(SyntaxKind.ReturnStatement)
    .filter((statement) => statement.getFirstAncestor(Node.isFunctionLikeDeclaration) === method)
    .flatMap((statement) => statement.getExpression() ?? []);
}

/** A scheduler as it is returned: alone or in a record of its own, with a `monitor` beside it or not. */
interface Returned {
  readonly node: Node;
  readonly monitored: boolean;
}

/** The schedulers in what configure_optimizers returns, in any of its forms. */
function schedulersIn(expression: Node): Returned[] {
  const node = written(expression);
  if (Node.isArrayLiteralExpression(node)) {
    return node.getElements().flatMap((element) => {
      const inner = written(element);
      return Node.isArrayLiteralExpression(inner)
        ? inner.getElements().map((scheduler) => ({ node: written(scheduler), monitored: false }))
        : schedulersIn(inner);
    });
  }
  if (!isClosed(node)) return [{ node, monitored: false }];
  const scheduler = valueAt(node, 'lrScheduler');
  return [{ node: scheduler ?? node, monitored: scheduler !== undefined && hasMonitor(node) }];
}

/** The scheduler itself, where it watches a metric and nothing names one. */
function unmonitored({ node, monitored }: Returned, runtime: RuntimeSymbols): Node[] {
  const isPlateau = (scheduler: Node) => isInstanceOf(scheduler.getType(), 'ReduceLROnPlateau', runtime);
  if (!Node.isObjectLiteralExpression(node)) return isPlateau(node) && !monitored ? [node] : [];
  const scheduler = valueAt(node, 'scheduler');
  if (!isClosed(node) || scheduler === undefined || hasMonitor(node)) return [];
  const asked = valueAt(node, 'reduceOnPlateau');
  const watches = asked === undefined ? isPlateau(scheduler) : constantValue(asked)?.value === true;
  return watches ? [scheduler] : [];
}

/** A record whose keys are all written out. */
function isClosed(node: Node): node is ObjectLiteralExpression {
  return Node.isObjectLiteralExpression(node) && !node.getProperties().some(Node.isSpreadAssignment);
}

function hasMonitor(record: ObjectLiteralExpression): boolean {
  const value = valueAt(record, 'monitor');
  const constant = constantValue(value);
  return value !== undefined && !(constant !== undefined && constant.value === undefined);
}

function valueAt(record: ObjectLiteralExpression, name: string): Node | undefined {
  const property = record.getProperty(name);
  if (Node.isPropertyAssignment(property)) return written(property.getInitializerOrThrow());
  return Node.isShorthandPropertyAssignment(property) ? written(property.getNameNode()) : property;
}

/** What a constant stands for, where it is a record or a list; any other expression itself. */
function written(expression: Node): Node {
  const node = unwrapped(expression);
  if (!Node.isIdentifier(node)) return node;
  const [declared] = node.getDefinitionNodes();
  const value = Node.isVariableDeclaration(declared) ? declared.getInitializer() : undefined;
  const isConstant =
    Node.isVariableDeclaration(declared) && declared.getVariableStatement()?.getDeclarationKind() === 'const';
  const literal = value && unwrapped(value);
  return isConstant && (Node.isObjectLiteralExpression(literal) || Node.isArrayLiteralExpression(literal))
    ? literal
    : node;
}

function typeName(scheduler: Node): string {
  return scheduler.getType().getSymbol()?.getName() ?? scheduler.getText();
}
