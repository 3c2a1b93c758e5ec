import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { nonNegative, oneOf } from '../options.js';
import { LRScheduler } from './lr-scheduler.js';
import {
  belowOne,
  nonNegativeInteger,
  ofGroup,
  type PerGroup,
  perGroup,
  type ScheduleDefinition,
  savedOptions,
  scheduleOptions,
  wrongLength,
} from './options.js';
import { integerIn, type LRSchedulerState, misfit } from './scheduler-state.js';

export interface ReduceLROnPlateauOptions {
  /** Whether a lower or a higher metric is better. @default 'min' */
  mode: 'min' | 'max';
  /** What the rate is multiplied by. @default 0.1 */
  factor: number;
  /** Steps without improvement that are borne; the next one lowers the rate. @default 10 */
  patience: number;
  /** What a metric must be better by to count as improvement. @default 1e-4 */
  threshold: number;
  /** Whether `threshold` is a part of the best metric or an amount. @default 'rel' */
  thresholdMode: 'rel' | 'abs';
  /** Steps after a change in which nothing is counted. @default 0 */
  cooldown: number;
  /** The lowest rate. @default 0 */
  minLr: PerGroup;
  /** A smaller change is not made. @default 1e-8 */
  eps: number;
}

const definition: ScheduleDefinition<ReduceLROnPlateauOptions> = {
  type: 'ReduceLROnPlateau',
  defaults: {
    mode: 'min',
    factor: 0.1,
    patience: 10,
    threshold: 1e-4,
    thresholdMode: 'rel',
    cooldown: 0,
    minLr: 0,
    eps: 1e-8,
  },
  rules: {
    mode: oneOf('min', 'max'),
    factor: belowOne,
    patience: nonNegativeInteger,
    threshold: nonNegative,
    thresholdMode: oneOf('rel', 'abs'),
    cooldown: nonNegativeInteger,
    minLr: perGroup(nonNegative),
    eps: nonNegative,
  },
  conflict: (options, groups) => wrongLength(options, ['minLr'], groups),
};

/**
 * Lowers the rates when a metric has stopped to improve. It needs the metric at every step: in a trainer, name it with
 * `monitor`. A metric that is NaN is no improvement. Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
 */
export class ReduceLROnPlateau extends LRScheduler {
  /** The best metric so far; infinitely bad before the first. */
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  #options: ReduceLROnPlateauOptions;

  /** @throws PLError PL7201 or PL7202 for wrong options, PL7209 when `optimizer` is none. */
  constructor(optimizer: Optimizer, options: Partial<ReduceLROnPlateauOptions> = {}) {
    super(definition.type, optimizer);
    this.#options = scheduleOptions(definition, options, this.groupCount);
    this.best = this.#worst();
    this.lastEpoch = 0;
  }

  /** @throws PLError PL7207 without a metric. */
  override step(metric?: number): void {
    if (typeof metric !== 'number') {
      throw new PLError(
        'PL7207',
        `ReduceLROnPlateau needs a number to watch at every step, got ${typeof metric}`,
        {
          hint: "Name a logged metric in the scheduler's record, { scheduler, monitor: 'val_loss' }, or call step(metric).",
        },
      );
    }
    const { patience, cooldown } = this.#options;
    this.lastEpoch += 1;
    if (this.#isBetter(metric)) {
      this.best = metric;
      this.numBadEpochs = 0;
    } else {
      this.numBadEpochs += 1;
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter -= 1;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > patience) {
      this.#reduce();
      this.cooldownCounter = cooldown;
      this.numBadEpochs = 0;
    }
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override rewind(): void {
    this.lastEpoch = 0;
    this.best = this.#worst();
    this.numBadEpochs = 0;
    this.cooldownCounter = 0;
  }

  override stateDict(): LRSchedulerState {
    const { best, numBadEpochs, cooldownCounter } = this;
    return {
      ...super.stateDict(),
      best: Number.isFinite(best) ? best : String(best),
      numBadEpochs,
      cooldownCounter,
      options: structuredClone(this.#options),
    };
  }

  override checkState(state: unknown): () => void {
    const adopt = super.checkState(state);
    const saved = state as LRSchedulerState;
    const best = Number(saved.best);
    if (saved.best === null || Number.isNaN(best)) throw misfit(this.type, 'it lacks the best metric');
    const numBadEpochs = integerIn(this.type, saved, 'numBadEpochs');
    const cooldownCounter = integerIn(this.type, saved, 'cooldownCounter');
    const options = savedOptions(definition, saved, this.groupCount);
    return () => {
      adopt();
      this.best = best;
      this.numBadEpochs = numBadEpochs;
      this.cooldownCounter = cooldownCounter;
      this.#options = options;
    };
  }

  #worst(): number {
    return this.#options.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const { best } = this;
    if (mode === 'min') return metric < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold);
    return metric > (thresholdMode === 'rel' ? best * (threshold + 1) : best + threshold);
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options;
    this.optimizer.paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * factor, ofGroup(minLr, i));
      if (group.lr - lr > eps) group.lr = lr;
    });
  }
}
