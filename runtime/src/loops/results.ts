import { announce } from '../callbacks/announce.js';
import { extractBatchSize } from '../data/extract-batch-size.js';
import { PLError } from '../errors/pl-error.js';
import type { HookName } from '../hooks/signatures.js';
import type { Strategy } from '../strategies/strategy.js';
import * as tf from '../tf.js';
import { type LogLevels, logLevels, nothingMeasured } from './log-levels.js';
import { changedSetting, type LogOptions, type LogValue, metricSettings } from './log-options.js';
import { LoggedMetric, type LoggedMetricState } from './logged-metric.js';

export type Metrics = Record<string, number>;

/** The metrics as their readers know them: one record for each kind of reader. */
export interface MetricViews {
  readonly callback: Metrics;
  readonly logged: Metrics;
  readonly progressBar: Metrics;
}

/** What an epoch under way needs to go on after a resume. */
export type ResultsState = LoggedMetricState[];

/** The metrics of one hook by name: at 0 those for all data loaders, at i + 1 those of the i-th of several. */
interface HookMetrics {
  readonly hook: HookName;
  readonly levels: LogLevels;
  readonly byLoader: Map<string, LoggedMetric>[];
}

const noOptions: LogOptions = {};

/**
 * What `log` was given in one loop. A metric is what a hook logs under a name: another hook can log that name with other
 * options, and readers see the one that was there last.
 */
export class Results {
  readonly #training: boolean;
  /** In the order in which they were first logged. */
  readonly #metrics: LoggedMetric[] = [];
  readonly #hooks = new Map<HookName, HookMetrics>();
  #current: HookMetrics | undefined;
  #batch: unknown;
  #batchSize: number | undefined;
  #looksForAmbiguity = true;
  #view: 'step' | 'epoch' = 'epoch';
  /** The hook that runs, as far as the loop tells; undefined outside of the loop. */
  phase: HookName | undefined;
  /** Set while one of several data loaders is running. */
  dataloaderIdx: number | undefined;

  readonly #strategy: Strategy | undefined;

  /**
   * @param training whether values of steps go to the callbacks, as they do in training
   * @param strategy reduces what is logged with `syncDist`
   */
  constructor({ training = false, strategy }: { training?: boolean; strategy?: Strategy } = {}) {
    this.#training = training;
    this.#strategy = strategy;
  }

  /** From here on readers see the values of the step. */
  beginBatch(batch: unknown): void {
    this.#batch = batch;
    this.#batchSize = undefined;
    this.#view = 'step';
  }

  /** The batch may be freed. */
  endBatch(): void {
    this.#batch = undefined;
    this.#batchSize = undefined;
  }

  /** The batches are through: from here on readers see the values of the epoch. */
  endBatches(): void {
    this.endBatch();
    this.#view = 'epoch';
  }

  log(name: string, value: LogValue, options: LogOptions = noOptions): void {
    const number = typeof value === 'number' ? value : toNumber(name, value);
    const known = this.#current;
    const current = known !== undefined && known.hook === this.phase ? known : this.#enter(name);
    const loader =
      this.dataloaderIdx === undefined || options.addDataloaderIdx === false ? 0 : this.dataloaderIdx + 1;
    const metric = current.byLoader[loader]?.get(name) ?? this.#register(name, options, current, loader);
    this.#refuseChanges(metric, options, current);
    metric.add(number, metric.isWeighted ? (options.batchSize ?? this.#sizeOfBatch()) : 1);
    const { syncDist, onStep } = metric.settings;
    // In training all processes take the same steps; of evaluation data one may have a batch more.
    if (syncDist && onStep && this.#training) this.#reduceStep(metric);
  }

  #reduceStep(metric: LoggedMetric): void {
    const value = new Float64Array([metric.last]);
    this.#strategy?.reduce(value, metric.settings.reduceFx);
    metric.last = value[0]!;
  }

  /**
   * Gives the metrics with `syncDist` their value over all processes. Called in all of them at once.
   *
   * @returns the names of those of the epoch whose value is that of this process
   */
  reduceEpoch(): string[] {
    if (this.#strategy === undefined || this.#strategy.worldSize === 1) return [];
    const states = this.state().filter(({ settings }) => settings.onEpoch && settings.syncDist);
    const ofRanks = this.#strategy.gatherObjects(states);
    for (const { epoch: _, ...unset } of ofRanks.flat()) {
      if (!this.#metrics.some((metric) => isSame(metric, unset))) this.loadState([unset]);
    }
    const own: string[] = [];
    for (const metric of this.#metrics) {
      const { onEpoch, syncDist, rankZeroOnly } = metric.settings;
      if (!onEpoch || rankZeroOnly) continue;
      if (syncDist) metric.reduceOver(ofRanks.flat().filter((state) => isSame(metric, state)));
      else if (metric.isSet) own.push(metric.epochName);
    }
    return own;
  }

  /** Finds the metrics of the hook that runs now. */
  #enter(name: string): HookMetrics {
    const { phase } = this;
    const levels = phase && logLevels[phase];
    if (phase === undefined || levels === undefined) {
      const where = phase === undefined ? 'before or after the run' : `in ${phase} or right after it`;
      throw nothingMeasured(name, where);
    }
    this.#current = this.#metricsOf(phase, levels);
    return this.#current;
  }

  #metricsOf(hook: HookName, levels: LogLevels): HookMetrics {
    let metrics = this.#hooks.get(hook);
    if (metrics === undefined) {
      metrics = { hook, levels, byLoader: [] };
      this.#hooks.set(hook, metrics);
    }
    return metrics;
  }

  #register(name: string, options: LogOptions, { hook, levels }: HookMetrics, loader: number): LoggedMetric {
    if (typeof name !== 'string') {
      throw new PLError('PL5005', `log got ${described(name)} as the name of a metric.`, {
        hint: "Names are text: log('name', value).",
      });
    }
    if (options.addDataloaderIdx !== false && name.includes('/dataloader_idx_')) {
      throw new PLError('PL5061', `log('${name}') got a name that ends like those of several data loaders.`, {
        hint: 'Leave the ending out, it is added where needed; or set addDataloaderIdx: false.',
      });
    }
    const settings = metricSettings(name, options, hook, levels);
    return this.#add(new LoggedMetric(name, hook, this.dataloaderIdx, settings), loader);
  }

  #add(metric: LoggedMetric, loader: number): LoggedMetric {
    const { byLoader } = this.#metricsOf(metric.hook, logLevels[metric.hook]!);
    byLoader[loader] ??= new Map();
    byLoader[loader].set(metric.name, metric);
    this.#metrics.push(metric);
    return metric;
  }

  #refuseChanges(metric: LoggedMetric, options: LogOptions, { hook, levels }: HookMetrics): void {
    const changed = changedSetting(metric.settings, options, levels);
    if (changed !== undefined) {
      throw new PLError(
        'PL5004',
        `log('${metric.name}') was called with two different values of ${changed} in ${hook}.`,
        { hint: 'Use one set of options for a name, or two names.' },
      );
    }
    if (metric.dataloaderIdx !== this.dataloaderIdx) {
      throw new PLError(
        'PL5004',
        `log('${metric.name}', …, { addDataloaderIdx: false }) was called for the data loaders ${metric.dataloaderIdx} and ${this.dataloaderIdx}.`,
        { hint: 'Leave addDataloaderIdx out, or give each data loader a name of its own.' },
      );
    }
  }

  #sizeOfBatch(): number {
    if (this.#batch === undefined) return 1;
    if (this.#batchSize === undefined) {
      this.#batchSize = extractBatchSize(this.#batch, this.#looksForAmbiguity ? warnOfAmbiguity : undefined);
      this.#looksForAmbiguity = false;
    }
    return this.#batchSize;
  }

  /** Puts the current values into the readers' records. */
  show({ callback, logged, progressBar }: MetricViews): void {
    const ofStep = this.#view === 'step';
    for (const metric of this.#metrics) {
      if (!this.#isShown(metric, ofStep)) continue;
      const { settings, shownName } = metric;
      const value = ofStep ? metric.last : metric.reduced;
      const name = ofStep ? metric.stepName : metric.epochName;
      if (settings.logger) logged[name] = value;
      if (settings.progBar) progressBar[name] = value;
      if (this.#training || !ofStep) {
        callback[shownName] = value;
        callback[name] = value;
      }
    }
  }

  /** The current values that are for the loggers; undefined when there are none. */
  forLoggers(): Metrics | undefined {
    const ofStep = this.#view === 'step';
    let metrics: Metrics | undefined;
    for (const metric of this.#metrics) {
      if (!metric.settings.logger || !this.#isShown(metric, ofStep)) continue;
      metrics ??= {};
      if (ofStep) metrics[metric.stepName] = metric.last;
      else metrics[metric.epochName] = metric.reduced;
    }
    return metrics;
  }

  #isShown({ isSet, dataloaderIdx, settings }: LoggedMetric, ofStep: boolean): boolean {
    return isSet && dataloaderIdx === this.dataloaderIdx && (ofStep ? settings.onStep : settings.onEpoch);
  }

  /** Forgets the values, not the options: the next epoch begins. */
  reset(): void {
    for (const metric of this.#metrics) metric.reset();
  }

  state(): ResultsState {
    return this.#metrics.map((metric) => metric.state());
  }

  loadState(state: ResultsState): void {
    for (const saved of state) {
      const metric = LoggedMetric.fromState(saved);
      const { dataloaderIdx, settings } = metric;
      this.#add(metric, dataloaderIdx === undefined || !settings.addDataloaderIdx ? 0 : dataloaderIdx + 1);
    }
  }
}

function isSame(metric: LoggedMetric, state: LoggedMetricState): boolean {
  return (
    metric.name === state.name && metric.hook === state.hook && metric.dataloaderIdx === state.dataloaderIdx
  );
}

function warnOfAmbiguity(size: number): void {
  announce(
    `The tensors of a batch differ in their first dimension: metrics are weighted by the first, ${size}. To weight them otherwise: log(name, value, { batchSize }).`,
  );
}

function toNumber(name: string, value: unknown): number {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof tf.Tensor && value.size === 1 && !value.isDisposed) {
    const [number] = value.dataSync();
    if (typeof number === 'number' && value.dtype !== 'complex64') return number;
  }
  throw new PLError(
    'PL5005',
    `log('${name}') needs a number or a tensor with one, got ${described(value)}.`,
    {
      hint:
        value instanceof tf.Tensor && value.size !== 1
          ? 'Reduce it first, for example with tf.mean(value).'
          : 'Log each number under a name of its own, or all of them with logDict({ name: value, … }).',
    },
  );
}

function described(value: unknown): string {
  if (value instanceof tf.Tensor) {
    if (value.isDisposed) return 'a tensor that is disposed';
    return value.size === 1 ? `a tensor of ${value.dtype}` : `a tensor of shape [${value.shape}]`;
  }
  if (typeof value === 'string') return `the text '${value}'`;
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Promise) return 'a promise';
  return typeof value === 'object' && value !== null ? 'a record' : String(value);
}
