import { PLError } from '../errors/pl-error.js';
import type * as tf from '../tf.js';

export type Reduction = 'mean' | 'sum' | 'min' | 'max';

export interface LogOptions {
  /** Shows the metric in the progress bar. Default false. */
  progBar?: boolean;
  /** Hands the metric to the loggers. Default true. */
  logger?: boolean;
  /** Logs the value of this step. Default true in training steps and their hooks, false elsewhere. */
  onStep?: boolean;
  /** Logs the epoch's values, reduced to one. Default false in training steps and their hooks, true elsewhere. */
  onEpoch?: boolean;
  /** How an epoch's values become one. Default 'mean', weighted by batch size. */
  reduceFx?: Reduction;
  /** Weight of this value in the mean; by default the first dimension of the batch's first tensor. */
  batchSize?: number;
  /** Adds `/dataloader_idx_<i>` to the name where there are several data loaders. Default true. */
  addDataloaderIdx?: boolean;
}

/** Where `log` is called from: decides its defaults, and whether it makes sense there at all. */
export type LogPhase = 'train_batch' | 'train_epoch' | 'evaluation_batch' | 'evaluation_epoch' | 'none';

export type Metrics = Record<string, number>;

interface Entry {
  readonly name: string;
  readonly progBar: boolean;
  readonly logger: boolean;
  readonly onStep: boolean;
  readonly onEpoch: boolean;
  readonly reduceFx: Reduction;
  readonly dataloaderIdx: number | undefined;
  /** This step's value, if it was logged in this step. */
  step: number | undefined;
  accumulated: number;
  weight: number;
}

/** One kind of metrics for each of their readers. */
export interface MetricViews {
  logged: Metrics;
  progressBar: Metrics;
  callback: Metrics;
}

/** What an accumulating epoch needs to go on after a resume. */
export type ResultsState = Omit<Entry, 'step'>[];

/** The values that `log` was given in one loop, and their reduction over the epoch. */
export class Results {
  readonly #entries = new Map<string, Entry>();
  #changed = false;
  phase: LogPhase = 'none';
  /** Weight of a value logged for this batch, found when it is first needed. */
  batchSize: () => number = () => 1;
  /** Set while one of several data loaders is running. */
  dataloaderIdx: number | undefined;

  log(name: string, value: number | tf.Scalar, options: LogOptions = {}): void {
    const { phase } = this;
    if (phase === 'none') {
      throw new PLError('PL5002', `log('${name}') was called where nothing is being measured.`, {
        hint: 'Call it from a step or from a hook that runs during training, validation or test.',
      });
    }
    const inTrainBatch = phase === 'train_batch';
    const entry = this.#entry(name, {
      progBar: options.progBar ?? false,
      logger: options.logger ?? true,
      onStep: options.onStep ?? inTrainBatch,
      onEpoch: options.onEpoch ?? !inTrainBatch,
      reduceFx: options.reduceFx ?? 'mean',
      dataloaderIdx: options.addDataloaderIdx === false ? undefined : this.dataloaderIdx,
    });
    if (entry.onStep && phase.endsWith('_epoch')) {
      throw new PLError(
        'PL5003',
        `log('${name}', …, { onStep: true }) was called at the end or start of an epoch.`,
        {
          hint: 'There is no step there: leave onStep out.',
        },
      );
    }
    const number = toNumber(name, value);
    entry.step = number;
    this.#changed = true;
    if (!entry.onEpoch) return;
    switch (entry.reduceFx) {
      case 'mean': {
        const weight = options.batchSize ?? (phase.endsWith('_batch') ? this.batchSize() : 1);
        entry.accumulated += number * weight;
        entry.weight += weight;
        break;
      }
      case 'sum':
        entry.accumulated += number;
        break;
      case 'min':
        entry.accumulated = entry.weight === 0 ? number : Math.min(entry.accumulated, number);
        entry.weight = 1;
        break;
      case 'max':
        entry.accumulated = entry.weight === 0 ? number : Math.max(entry.accumulated, number);
        entry.weight = 1;
        break;
    }
  }

  #entry(name: string, meta: Omit<Entry, 'name' | 'step' | 'accumulated' | 'weight'>): Entry {
    const key = meta.dataloaderIdx === undefined ? name : `${name}/dataloader_idx_${meta.dataloaderIdx}`;
    const known = this.#entries.get(key);
    if (known === undefined) {
      const entry: Entry = { name: key, ...meta, step: undefined, accumulated: 0, weight: 0 };
      this.#entries.set(key, entry);
      return entry;
    }
    for (const option of ['progBar', 'logger', 'onStep', 'onEpoch', 'reduceFx'] as const) {
      if (known[option] !== meta[option]) {
        throw new PLError(
          'PL5004',
          `log('${name}') was called with ${option}: ${known[option]} before and with ${option}: ${meta[option]} now.`,
          { hint: 'Use one set of options for a name, or two names.' },
        );
      }
    }
    return known;
  }

  /** Metrics that the running step logged. */
  stepViews(training: boolean): MetricViews {
    this.#changed = false;
    const views: MetricViews = { logged: {}, progressBar: {}, callback: {} };
    for (const entry of this.#entries.values()) {
      if (!entry.onStep || entry.step === undefined) continue;
      const name = entry.onEpoch ? `${entry.name}_step` : entry.name;
      if (entry.logger) views.logged[name] = entry.step;
      if (entry.progBar) views.progressBar[name] = entry.step;
      if (training) {
        views.callback[entry.name] = entry.step;
        views.callback[name] = entry.step;
      }
    }
    return views;
  }

  /** Whether anything was logged since a view was last made. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Forgets the step's values, not the epoch's. */
  endStep(): void {
    for (const entry of this.#entries.values()) entry.step = undefined;
  }

  /** Metrics of the running epoch, each reduced to one value. */
  epochViews(): MetricViews {
    const views: MetricViews = { logged: {}, progressBar: {}, callback: {} };
    for (const entry of this.#entries.values()) {
      if (!entry.onEpoch) continue;
      const value = entry.reduceFx === 'mean' ? entry.accumulated / entry.weight : entry.accumulated;
      const name = entry.onStep ? `${entry.name}_epoch` : entry.name;
      if (entry.logger) views.logged[name] = value;
      if (entry.progBar) views.progressBar[name] = value;
      views.callback[entry.name] = value;
      views.callback[name] = value;
    }
    return views;
  }

  /** Forgets everything: the next epoch accumulates anew. */
  endEpoch(): void {
    this.#entries.clear();
  }

  state(): ResultsState {
    return Array.from(this.#entries.values(), ({ step: _, ...entry }) => entry);
  }

  loadState(state: ResultsState): void {
    this.#entries.clear();
    for (const entry of state) this.#entries.set(entry.name, { ...entry, step: undefined });
  }
}

function toNumber(name: string, value: number | tf.Scalar): number {
  if (typeof value === 'number') return value;
  if (value?.size === 1) return value.dataSync()[0]!;
  const got = value?.shape === undefined ? `a ${typeof value}` : `a tensor of shape [${value.shape}]`;
  throw new PLError('PL5005', `log('${name}') needs a number or a tensor with one value, got ${got}.`, {
    hint: 'Reduce it first, for example with tf.mean(value).',
  });
}
