import { levelsOf } from '@pl-ts/runtime/rules';
import { type CallExpression, SyntaxKind } from 'ts-morph';
import type { LightningClass } from './lightning-class.js';
import type { LogCall } from './log-calls.js';
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

interface LoggedNames {
  readonly call: CallExpression;
  readonly names: readonly string[] | undefined;
}

/** The metrics that the project's calls of `log` and `logDict` record. */
export function findLoggedMetrics(
  calls: readonly LogCall[],
  classes: readonly LightningClass[],
): LoggedMetrics {
  const logged = calls.map((call) => ({ call: call.call, names: namesOf(call, classes) }));
  const perLoader = hasSeveralLoaders(classes);
  const modules = classes.filter(({ kind }) => kind === 'module');
  const ownerOf = ({ call }: LoggedNames) => {
    const enclosing = call.getFirstAncestorByKind(SyntaxKind.ClassDeclaration);
    return modules.find(({ declaration }) => declaration === enclosing)?.declaration;
  };
  return {
    all: unite(logged, perLoader),
    of: ({ declaration, bases }) =>
      unite(
        logged.filter((call) => {
          const owner = ownerOf(call);
          return owner === undefined || owner === declaration || bases.includes(owner);
        }),
        perLoader,
      ),
  };
}

function unite(calls: readonly LoggedNames[], perLoader: boolean): MetricUnion {
  return {
    perLoader,
    names: [...new Set(calls.flatMap(({ names }) => names ?? []))],
    open: calls.some(({ names }) => names === undefined),
  };
}

/** The names that readers may see for what a call logs; undefined when they are only known at run time. */
function namesOf(call: LogCall, classes: readonly LightningClass[]): readonly string[] | undefined {
  const forked = forks(call, classes);
  return call.names?.flatMap((name) => withVariants(name, forked));
}

/** A metric that is logged for the step and for the epoch has a name for each, besides its own. */
function withVariants(name: string, forked: boolean): string[] {
  return forked ? [name, `${name}_step`, `${name}_epoch`] : [name];
}

/** Whether a call logs for both the step and the epoch, or may do so. */
function forks({ call, onStep, onEpoch }: LogCall, classes: readonly LightningClass[]): boolean {
  if (onStep === false || onEpoch === false) return false;
  if (onStep === undefined && onEpoch === undefined) return false;
  if (onStep !== undefined && onEpoch !== undefined) return true;
  const means = defaultLevel(call, classes);
  return means === undefined || (onStep === undefined ? means === 'step' : means === 'epoch');
}

/** What `log` means where it stands; undefined in a method that is no hook itself: it may be called from anywhere. */
function defaultLevel(
  call: CallExpression,
  classes: readonly LightningClass[],
): 'step' | 'epoch' | undefined {
  const method = call.getFirstAncestorByKind(SyntaxKind.MethodDeclaration);
  const use = classes.flatMap(({ ownHooks }) => ownHooks).find(({ member }) => member === method);
  if (use?.hook === undefined) return undefined;
  return levelsOf(use.hook)?.onStep ? 'step' : 'epoch';
}
