import { type CallExpression, Node, type SourceFile, SyntaxKind } from 'ts-morph';
import type { LightningClass } from './lightning-class.js';
import { literalNames } from './literal-names.js';
import type { RuntimeSymbols } from './runtime-symbols.js';
import { hasSeveralLoaders } from './several-loaders.js';

/** Names of metrics, in the order in which the source logs them. */
export interface MetricUnion {
  readonly names: readonly string[];
  /** True when some name is only known at run time: any name may be logged then. */
  readonly open: boolean;
  /** True when `/dataloader_idx_<i>` may follow a name. */
  readonly perLoader: boolean;
}

export interface LoggedMetrics {
  /** What the project logs. */
  readonly all: MetricUnion;
  /** What a module logs, and what callbacks and functions log for whatever module they get. */
  of(module: LightningClass): MetricUnion;
}

/**
 * Whether something of that name can be monitored: a logged metric (of one of several data loaders, too), the epoch
 * and the step, or a learning rate that a monitor records.
 */
export function isLogged(name: string, { names, open, perLoader }: MetricUnion): boolean {
  const metric = perLoader ? name.replace(/\/dataloader_idx_\d+$/, '') : name;
  return open || names.includes(metric) || name === 'epoch' || name === 'step' || name.startsWith('lr-');
}

interface LogCall {
  readonly call: CallExpression;
  /** Undefined when the names are only known at run time. */
  readonly names: readonly string[] | undefined;
}

/** Finds every `log` and `logDict` of a module or a callback in the project. */
export function findLoggedMetrics(
  files: readonly SourceFile[],
  classes: readonly LightningClass[],
  runtime: RuntimeSymbols,
): LoggedMetrics {
  const calls = files
    .flatMap((file) => file.getDescendantsOfKind(SyntaxKind.CallExpression))
    .flatMap((call) => readLogCall(call, classes, runtime) ?? []);
  const perLoader = hasSeveralLoaders(classes);
  const modules = classes.filter(({ kind }) => kind === 'module');
  const ownerOf = ({ call }: LogCall) => {
    const enclosing = call.getFirstAncestorByKind(SyntaxKind.ClassDeclaration);
    return modules.find(({ declaration }) => declaration === enclosing)?.declaration;
  };
  return {
    all: unite(calls, perLoader),
    of: ({ declaration, bases }) =>
      unite(
        calls.filter((call) => {
          const owner = ownerOf(call);
          return owner === undefined || owner === declaration || bases.includes(owner);
        }),
        perLoader,
      ),
  };
}

function unite(calls: readonly LogCall[], perLoader: boolean): MetricUnion {
  return {
    perLoader,
    names: [...new Set(calls.flatMap(({ names }) => names ?? []))],
    open: calls.some(({ names }) => names === undefined),
  };
}

function readLogCall(
  call: CallExpression,
  classes: readonly LightningClass[],
  runtime: RuntimeSymbols,
): LogCall | undefined {
  const callee = call.getExpression();
  if (!Node.isPropertyAccessExpression(callee) || !/^log(Dict)?$/.test(callee.getName())) return undefined;
  if (
    /^(console|Math|tf)$/.test(callee.getExpression().getText()) ||
    !logsMetrics(callee.getNameNode(), runtime)
  ) {
    return undefined;
  }
  const [what, value] = call.getArguments();
  const isDict = callee.getName() === 'logDict';
  const names = what && (isDict ? keysOf(what) : literalNames(what));
  const options = isDict ? value : call.getArguments()[2];
  return { call, names: names?.flatMap((name) => withVariants(name, forks(call, options, classes))) };
}

function logsMetrics(name: Node, runtime: RuntimeSymbols): boolean {
  return (name.getSymbol()?.getDeclarations() ?? []).some((declaration) => {
    const owner = declaration.getParent();
    return (
      runtime.declares(declaration) &&
      Node.isClassDeclaration(owner) &&
      /^(LightningModule|Callback)$/.test(owner.getName() ?? '')
    );
  });
}

function keysOf(values: Node): string[] | undefined {
  const type = values.getType();
  if (type.isAny() || type.getStringIndexType() !== undefined) return undefined;
  return type.getProperties().map((property) => property.getName());
}

/** A metric that is logged for the step and for the epoch has a name for each, besides its own. */
function withVariants(name: string, forked: boolean): string[] {
  return forked ? [name, `${name}_step`, `${name}_epoch`] : [name];
}

/** Hooks that run while a training batch does: there `log` means the step by default, elsewhere the epoch. */
const batchHooks: ReadonlySet<string> = new Set([
  'training_step',
  'on_train_batch_start',
  'on_train_batch_end',
  'on_before_zero_grad',
  'optimizer_zero_grad',
  'on_before_backward',
  'on_after_backward',
  'on_before_optimizer_step',
  'configure_gradient_clipping',
  'optimizer_step',
]);

/** Whether a call logs for both the step and the epoch, or may do so. */
function forks(call: CallExpression, options: Node | undefined, classes: readonly LightningClass[]): boolean {
  const onStep = readOption(options, 'onStep');
  const onEpoch = readOption(options, 'onEpoch');
  if (onStep === false || onEpoch === false) return false;
  if (onStep === undefined && onEpoch === undefined) return false;
  if (onStep !== undefined && onEpoch !== undefined) return true;
  const inBatch = runsInTrainingBatch(call, classes);
  return inBatch === undefined || (onStep === undefined ? inBatch : !inBatch);
}

/** An option's value: `'unknown'` when it is not written out, undefined when it is left out. */
function readOption(options: Node | undefined, name: string): boolean | 'unknown' | undefined {
  if (options === undefined) return undefined;
  if (!Node.isObjectLiteralExpression(options)) return 'unknown';
  const property = options.getProperty(name);
  if (property === undefined)
    return options.getProperties().some(Node.isSpreadAssignment) ? 'unknown' : undefined;
  const value = Node.isPropertyAssignment(property) ? property.getInitializer() : undefined;
  return Node.isTrueLiteral(value) ? true : Node.isFalseLiteral(value) ? false : 'unknown';
}

/** Undefined for a method that is no hook itself: it may be called from anywhere. */
function runsInTrainingBatch(call: CallExpression, classes: readonly LightningClass[]): boolean | undefined {
  const method = call.getFirstAncestorByKind(SyntaxKind.MethodDeclaration);
  const use = classes.flatMap(({ ownHooks }) => ownHooks).find(({ member }) => member === method);
  return use?.hook === undefined ? undefined : batchHooks.has(use.hook);
}
