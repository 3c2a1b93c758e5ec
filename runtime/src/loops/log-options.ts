import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { type LogLevels, resolveLevels } from './log-levels.js';

/** What `log` takes as a metric's value: a number, or a tensor with one element. */
export type LogValue = number | boolean | tf.Scalar;

/** How an epoch's values become one. */
export type Reduction = 'mean' | 'sum' | 'min' | 'max';

export interface LogOptions {
  /** Shows the metric in the progress bar. Default false. */
  progBar?: boolean;
  /** Hands the metric to the loggers, and returns it from `validate` and `test`. Default true. */
  logger?: boolean;
  /** Logs the value of each step. Default true in the hooks of training batches, false elsewhere. */
  onStep?: boolean;
  /** Logs the epoch's values, reduced to one. Default false in the hooks of training batches, true elsewhere. */
  onEpoch?: boolean;
  /**
   * How an epoch's values become one. Default `'mean'`, weighted by batch size. `'avg'` is another name for it, and the
   * functions of tfjs and `Math` stand for what they compute.
   */
  reduceFx?:
    | Reduction
    | 'avg'
    | typeof tf.mean
    | typeof tf.sum
    | typeof tf.min
    | typeof tf.max
    | typeof Math.min
    | typeof Math.max;
  /** Weight of this value in the mean. Default: the first dimension of the batch's first tensor. */
  batchSize?: number;
  /** Adds `/dataloader_idx_<i>` to the name where there are several data loaders. Default true. */
  addDataloaderIdx?: boolean;
  /**
   * Reduces the metric over all devices: at the end of an epoch, and at every training step where `onStep` is set.
   * Default false. On one device it changes nothing.
   */
  syncDist?: boolean;
  /** The metric is logged on the first device only. Default false. On one device it changes nothing. */
  rankZeroOnly?: boolean;
}

/** The options that belong to a metric as a whole, rather than to one of its values. */
export interface MetricSettings {
  readonly progBar: boolean;
  readonly logger: boolean;
  readonly onStep: boolean;
  readonly onEpoch: boolean;
  readonly reduceFx: Reduction;
  readonly addDataloaderIdx: boolean;
  readonly rankZeroOnly: boolean;
  readonly syncDist: boolean;
}

const reductions = new Map<unknown, Reduction>([
  ['mean', 'mean'],
  ['avg', 'mean'],
  ['sum', 'sum'],
  ['min', 'min'],
  ['max', 'max'],
  [tf.mean, 'mean'],
  [tf.sum, 'sum'],
  [tf.min, 'min'],
  [tf.max, 'max'],
  [Math.min, 'min'],
  [Math.max, 'max'],
]);

function reductionOf(reduceFx: unknown): Reduction | undefined {
  return reductions.get(typeof reduceFx === 'string' ? reduceFx.toLowerCase() : reduceFx);
}

/** Fills in a hook's defaults. @throws PLError PL5003 for levels that the hook does not have, PL5060 for a reduction that nobody knows */
export function metricSettings(
  name: string,
  options: LogOptions,
  hook: string,
  levels: LogLevels,
): MetricSettings {
  const { onStep, onEpoch } = resolveLevels(name, options, hook, levels);
  const reduceFx = reductionOf(options.reduceFx ?? 'mean');
  if (reduceFx === undefined) {
    throw new PLError(
      'PL5060',
      `log('${name}') got reduceFx: ${shown(options.reduceFx)}, wanted 'mean', 'sum', 'min' or 'max'.`,
      { hint: 'Keep the values yourself for another reduction, and log its result at the end of the epoch.' },
    );
  }
  return {
    progBar: options.progBar ?? false,
    logger: options.logger ?? true,
    onStep,
    onEpoch,
    reduceFx,
    addDataloaderIdx: options.addDataloaderIdx ?? true,
    rankZeroOnly: options.rankZeroOnly ?? false,
    syncDist: options.syncDist ?? false,
  };
}

/** The first setting that `options` would change, if any. */
export function changedSetting(
  settings: MetricSettings,
  options: LogOptions,
  levels: LogLevels,
): keyof MetricSettings | undefined {
  if ((options.onStep ?? levels.onStep) !== settings.onStep) return 'onStep';
  if ((options.onEpoch ?? levels.onEpoch) !== settings.onEpoch) return 'onEpoch';
  if ((options.progBar ?? false) !== settings.progBar) return 'progBar';
  if ((options.logger ?? true) !== settings.logger) return 'logger';
  const reduceFx = options.reduceFx ?? 'mean';
  if (reduceFx !== settings.reduceFx && reductionOf(reduceFx) !== settings.reduceFx) return 'reduceFx';
  if ((options.addDataloaderIdx ?? true) !== settings.addDataloaderIdx) return 'addDataloaderIdx';
  if ((options.rankZeroOnly ?? false) !== settings.rankZeroOnly) return 'rankZeroOnly';
  if ((options.syncDist ?? false) !== settings.syncDist) return 'syncDist';
  return undefined;
}

function shown(reduceFx: unknown): string {
  return typeof reduceFx === 'function' ? `the function ${reduceFx.name || '(anonymous)'}` : `'${reduceFx}'`;
}
