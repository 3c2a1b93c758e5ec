import type { HookName } from '../hooks/signatures.js';
import type { MetricSettings } from './log-options.js';

/** A metric in a checkpoint: plain JSON. */
export interface LoggedMetricState {
  name: string;
  hook: HookName;
  dataloaderIdx?: number;
  settings: MetricSettings;
  /** Its values of the running epoch, unless it was not logged yet. */
  epoch?: { last: number; reduced: number; weight: number };
}

/** One name logged in one hook: its settings, its latest value and what the running epoch made of it. */
export class LoggedMetric {
  /** What readers know it by: in general, the value of a step, the value of an epoch. */
  readonly shownName: string;
  readonly stepName: string;
  readonly epochName: string;
  /** Whether it was logged in the running epoch, in this process. */
  #isLogged = false;
  /** The latest value. */
  last = Number.NaN;
  /** The epoch's values as far as they have come: for the mean, their weighted sum. */
  #reduced = 0;
  #weight = 0;
  /** The epoch's value over all processes, as long as nothing is added. */
  #ofAll: number | undefined;

  constructor(
    readonly name: string,
    readonly hook: HookName,
    readonly dataloaderIdx: number | undefined,
    readonly settings: MetricSettings,
  ) {
    const { onStep, onEpoch, addDataloaderIdx } = settings;
    const forks = onStep && onEpoch;
    const suffix = addDataloaderIdx && dataloaderIdx !== undefined ? `/dataloader_idx_${dataloaderIdx}` : '';
    this.shownName = name + suffix;
    this.stepName = forks ? `${name}_step${suffix}` : this.shownName;
    this.epochName = forks ? `${name}_epoch${suffix}` : this.shownName;
  }

  /** Whether values count by the size of their batch. */
  get isWeighted(): boolean {
    return this.settings.onEpoch && this.settings.reduceFx === 'mean';
  }

  /** Whether the running epoch has a value of it. */
  get isSet(): boolean {
    return this.#isLogged || this.#ofAll !== undefined;
  }

  add(value: number, weight: number): void {
    const isFirst = !this.#isLogged;
    this.#ofAll = undefined;
    this.#isLogged = true;
    this.last = value;
    if (!this.settings.onEpoch) return;
    switch (this.settings.reduceFx) {
      case 'mean':
        this.#reduced += value * weight;
        this.#weight += weight;
        break;
      case 'sum':
        this.#reduced += value;
        break;
      case 'min':
        this.#reduced = isFirst ? value : Math.min(this.#reduced, value);
        break;
      case 'max':
        this.#reduced = isFirst ? value : Math.max(this.#reduced, value);
        break;
    }
  }

  /** The epoch's value so far. */
  get reduced(): number {
    if (this.#ofAll !== undefined) return this.#ofAll;
    return this.settings.reduceFx === 'mean' ? this.#reduced / this.#weight : this.#reduced;
  }

  /** Takes over what all processes have come to in the epoch, this one included. */
  reduceOver(states: readonly LoggedMetricState[]): void {
    const epochs = states.flatMap(({ epoch }) => epoch ?? []);
    if (epochs.length === 0) return;
    const values = epochs.map(({ reduced }) => reduced);
    const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
    switch (this.settings.reduceFx) {
      case 'mean':
        this.#ofAll = sum(values) / sum(epochs.map(({ weight }) => weight));
        break;
      case 'sum':
        this.#ofAll = sum(values);
        break;
      case 'min':
        this.#ofAll = Math.min(...values);
        break;
      case 'max':
        this.#ofAll = Math.max(...values);
        break;
    }
  }

  /** Forgets the epoch. */
  reset(): void {
    this.#isLogged = false;
    this.last = Number.NaN;
    this.#reduced = 0;
    this.#weight = 0;
    this.#ofAll = undefined;
  }

  state(): LoggedMetricState {
    const { name, hook, dataloaderIdx, settings, last } = this;
    return {
      name,
      hook,
      ...(dataloaderIdx !== undefined && { dataloaderIdx }),
      settings,
      ...(this.#isLogged && { epoch: { last, reduced: this.#reduced, weight: this.#weight } }),
    };
  }

  static fromState({ name, hook, dataloaderIdx, settings, epoch }: LoggedMetricState): LoggedMetric {
    const metric = new LoggedMetric(name, hook, dataloaderIdx, settings);
    if (epoch !== undefined) {
      metric.#isLogged = true;
      metric.last = epoch.last;
      metric.#reduced = epoch.reduced;
      metric.#weight = epoch.weight;
    }
    return metric;
  }
}
