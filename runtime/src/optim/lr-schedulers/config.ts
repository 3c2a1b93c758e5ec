import { closest, distance } from 'fastest-levenshtein';
import { PLError } from '../../errors/pl-error.js';
import { Optimizer } from '../optimizer.js';
import { positiveInteger } from '../options.js';
import { describeConfigured } from './describe-configured.js';
import { LRScheduler } from './lr-scheduler.js';
import { OneCycleLR } from './one-cycle-lr.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';

/** When the trainer steps a scheduler, and with what. */
export interface LRSchedulerConfig {
  scheduler: LRScheduler;
  /** What is counted: epochs, or batches after which the optimizer stepped. */
  interval: 'epoch' | 'step';
  /** How many of them lie between two steps of the scheduler. */
  frequency: number;
  /** The logged metric that the scheduler is stepped with. */
  monitor?: string;
  /** Whether a missing metric is an error; else that step is left out. */
  strict: boolean;
  /** Shown where learning rates are logged. */
  name?: string;
  /** Whether the scheduler is stepped with a metric. */
  reduceOnPlateau: boolean;
}

/** A scheduler as `configure_optimizers` gives it: alone, or with what differs from the defaults. */
export type LRSchedulerInit =
  | LRScheduler
  | (Pick<LRSchedulerConfig, 'scheduler'> &
      Partial<Omit<LRSchedulerConfig, 'scheduler' | 'interval'>> & {
        // Any text, because TypeScript widens a literal in a method without a declared result; it is checked.
        interval?: LRSchedulerConfig['interval'] | (string & {});
      });

/** An optimizer with its scheduler. */
export interface OptimizerConfig {
  optimizer: Optimizer;
  lrScheduler?: LRSchedulerInit;
  /** The metric for a ReduceLROnPlateau that is given alone. */
  monitor?: string;
}

/** What `configure_optimizers` may return. */
export type ConfiguredOptimizers =
  | Optimizer
  | readonly Optimizer[]
  | readonly [optimizers: readonly Optimizer[], schedulers: LRSchedulerInit | readonly LRSchedulerInit[]]
  // What TypeScript makes of such a pair in a method without a declared result.
  | readonly (readonly (Optimizer | LRSchedulerInit)[])[]
  | OptimizerConfig
  | readonly OptimizerConfig[]
  | null
  | undefined
  | void;

export interface OptimizersInForce {
  optimizers: Optimizer[];
  lrSchedulers: LRSchedulerConfig[];
}

const schedulerKeys = [
  'scheduler',
  'interval',
  'frequency',
  'monitor',
  'strict',
  'name',
  'reduceOnPlateau',
] as const satisfies readonly (keyof LRSchedulerConfig)[];

const optimizerKeys = [
  'optimizer',
  'lrScheduler',
  'monitor',
] as const satisfies readonly (keyof OptimizerConfig)[];

/**
 * Optimizers and schedulers from whatever `configure_optimizers` returned, with defaults filled in. Keys of records
 * that mean nothing are warned about; those that look like a misspelt one are refused.
 *
 * @param automaticOptimization with manual optimization the module steps its schedulers itself, so that
 * ReduceLROnPlateau needs no `monitor`.
 * @param warn takes what may be a mistake; by default a warning of the process
 * @throws PLError PL7210 for another form, PL7211 for a wrong scheduler record, PL7212 for a ReduceLROnPlateau without
 * monitor, PL7213 for a scheduler of another optimizer.
 */
export function normalizeOptimizers(
  configured: unknown,
  { automaticOptimization = true, warn = emitWarning }: NormalizeOptions = {},
): OptimizersInForce {
  const records = asRecords(configured, warn);
  const optimizers = records.flatMap(({ optimizers: own }) => own);
  const lrSchedulers = records.flatMap(({ schedulers, monitor }) =>
    schedulers.map((scheduler) => schedulerConfig(scheduler, monitor, automaticOptimization, warn)),
  );
  for (const { scheduler } of lrSchedulers) {
    if (optimizers.includes(scheduler.optimizer)) continue;
    throw new PLError(
      'PL7213',
      `'configure_optimizers' returned a scheduler (${scheduler.type}) without the optimizer (${scheduler.optimizer.type}) that it belongs to`,
      { hint: 'Return that optimizer too, or make the scheduler for the one that is returned.' },
    );
  }
  return { optimizers, lrSchedulers };
}

type Warn = (line: string, code: 'PL7210' | 'PL7211') => void;

interface NormalizeOptions {
  automaticOptimization?: boolean;
  warn?: Warn;
}

const emitWarning: Warn = (line, code) => process.emitWarning(line, { code });

interface Part {
  optimizers: readonly Optimizer[];
  schedulers: readonly unknown[];
  monitor?: string;
}

function asRecords(configured: unknown, warn: Warn): Part[] {
  if (configured === undefined || configured === null) return [];
  if (isOptimizer(configured)) return [{ optimizers: [configured], schedulers: [] }];
  if (Array.isArray(configured)) {
    if (areOptimizers(configured)) return [{ optimizers: configured, schedulers: [] }];
    if (configured.every(isRecord)) return configured.map((record) => optimizerConfig(record, warn));
    const [optimizers, schedulers] = configured;
    if (configured.length === 2 && areOptimizers(optimizers)) {
      return [{ optimizers, schedulers: Array.isArray(schedulers) ? schedulers : [schedulers] }];
    }
  } else if (isRecord(configured)) {
    return [optimizerConfig(configured, warn)];
  }
  throw unknownForm(describeConfigured(configured));
}

function optimizerConfig(record: Record<string, unknown>, warn: Warn): Part {
  checkKeys('an optimizer', record, optimizerKeys, 'PL7210', warn);
  const { optimizer, lrScheduler, monitor } = record;
  if (!isOptimizer(optimizer)) {
    const got = optimizer === undefined ? describeConfigured(record) : describeConfigured(optimizer);
    throw unknownForm(
      optimizer === undefined ? `${got}, without 'optimizer'` : `a record whose 'optimizer' is ${got}`,
    );
  }
  return {
    optimizers: [optimizer],
    schedulers: lrScheduler === undefined || lrScheduler === null ? [] : [lrScheduler],
    ...(typeof monitor === 'string' && { monitor }),
  };
}

function schedulerConfig(
  given: unknown,
  monitor: string | undefined,
  automatic: boolean,
  warn: Warn,
): LRSchedulerConfig {
  const record: Record<string, unknown> = isRecord(given) ? given : { scheduler: given };
  checkKeys('a scheduler', record, schedulerKeys, 'PL7211', warn);
  const { scheduler } = record;
  if (!(scheduler instanceof LRScheduler)) {
    const got =
      scheduler === undefined
        ? `${describeConfigured(given)}, without 'scheduler'`
        : describeConfigured(scheduler);
    throw new PLError('PL7211', `'configure_optimizers' returned as scheduler ${got}`, {
      hint: "Return a scheduler, or a record such as { scheduler, interval: 'step' }.",
    });
  }
  const watches = scheduler instanceof ReduceLROnPlateau;
  const config: LRSchedulerConfig = {
    scheduler,
    interval: setting(scheduler, 'interval', record.interval ?? 'epoch', isInterval, "'epoch' or 'step'"),
    frequency: setting(scheduler, 'frequency', record.frequency ?? 1, isFrequency, positiveInteger.wanted),
    strict: setting(scheduler, 'strict', record.strict ?? true, isBoolean, 'true or false'),
    reduceOnPlateau: setting(
      scheduler,
      'reduceOnPlateau',
      record.reduceOnPlateau ?? watches,
      isBoolean,
      'true or false',
    ),
  };
  const watched = record.monitor ?? (scheduler === given ? monitor : undefined);
  if (watched !== undefined)
    config.monitor = setting(scheduler, 'monitor', watched, isText, 'the name of a metric');
  if (record.name !== undefined && record.name !== null) {
    config.name = setting(scheduler, 'name', record.name, isText, 'a text');
  }
  if (automatic && config.reduceOnPlateau && config.monitor === undefined) {
    throw new PLError('PL7212', `'configure_optimizers' returned a ${scheduler.type} without 'monitor'`, {
      hint: "Say which metric it watches: { optimizer, lrScheduler: { scheduler, monitor: 'val_loss' } }.",
    });
  }
  if (automatic && scheduler instanceof OneCycleLR && config.interval === 'epoch') {
    warn("OneCycleLR is stepped once an epoch. It is made for interval: 'step'.", 'PL7211');
  }
  return config;
}

function setting<T>(
  { type }: LRScheduler,
  name: string,
  value: unknown,
  accepts: (value: unknown) => value is T,
  wanted: string,
): T {
  if (accepts(value)) return value;
  const got = typeof value === 'string' ? `'${value}'` : describeConfigured(value);
  throw new PLError('PL7211', `the record of ${type} has ${name}: ${got}, wanted ${wanted}`);
}

/** Warns about keys without a meaning; a key that is nearly one of the known ones is a mistake. */
function checkKeys(
  of: string,
  record: Record<string, unknown>,
  known: readonly string[],
  code: 'PL7210' | 'PL7211',
  warn: Warn,
): void {
  for (const key of Object.keys(record).filter((name) => !known.includes(name))) {
    const plain = key.replaceAll('_', '').toLowerCase();
    const names = new Map(known.map((name) => [name.toLowerCase(), name]));
    const near = closest(plain, [...names.keys()]);
    const where = `the record of ${of} that 'configure_optimizers' returned`;
    if (distance(plain, near) <= 1) {
      throw new PLError(code, `${where} has no key '${key}'`, { hint: `Did you mean '${names.get(near)}'?` });
    }
    warn(`'${key}' means nothing in ${where}. Its keys are: ${known.join(', ')}.`, code);
  }
}

function unknownForm(got: string): PLError {
  return new PLError('PL7210', `'configure_optimizers' returned ${got}`, {
    hint:
      'It may return an optimizer, [optimizer, …], [[optimizer, …], [scheduler, …]], { optimizer, lrScheduler }, ' +
      'a list of such records, or nothing.',
  });
}

function isOptimizer(value: unknown): value is Optimizer {
  return value instanceof Optimizer;
}

function areOptimizers(value: unknown): value is Optimizer[] {
  return Array.isArray(value) && value.every(isOptimizer);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const isInterval = (value: unknown): value is 'epoch' | 'step' => value === 'epoch' || value === 'step';
const isFrequency = (value: unknown): value is number => positiveInteger.accepts(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
