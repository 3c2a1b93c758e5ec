import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { nonNegative, positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import type { ScheduleDefinition, ScheduleInit } from './options.js';
import { type LRSchedulerState, misfit } from './scheduler-state.js';

export interface CosineAnnealingWarmRestartsOptions {
  /** Steps of the first period. */
  t0: number;
  /** How many times longer each period is than the one before. @default 1 */
  tMult: number;
  /** The lowest rate. @default 0 */
  etaMin: number;
}

const definition: ScheduleDefinition<CosineAnnealingWarmRestartsOptions> = {
  type: 'CosineAnnealingWarmRestarts',
  defaults: { tMult: 1, etaMin: 0 },
  rules: { t0: positiveInteger, tMult: positiveInteger, etaMin: nonNegative },
};

/**
 * Lets the rates fall to `etaMin` along half a cosine, again and again: Loshchilov and Hutter, "SGDR: Stochastic
 * Gradient Descent with Warm Restarts" (2016). Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.
 */
export class CosineAnnealingWarmRestarts extends EpochLR<CosineAnnealingWarmRestartsOptions> {
  /** Steps since the last restart. */
  tCur: number;
  /** Steps from the last restart to the next. */
  tI: number;

  constructor(optimizer: Optimizer, options: ScheduleInit<CosineAnnealingWarmRestartsOptions, 't0'>) {
    super(optimizer, definition, options);
    this.tCur = this.lastEpoch;
    this.tI = this.options.t0;
    this.start();
  }

  /**
   * @param epoch where to go, in place of one step on; fractions are allowed, for example `epoch + batchIdx / batches`.
   * @throws PLError PL7201 when it is negative.
   */
  override step(epoch?: number): void {
    if (epoch !== undefined || this.lastEpoch < 0) {
      this.#goTo(epoch ?? 0);
      return;
    }
    this.tCur += 1;
    if (this.tCur >= this.tI) {
      this.tCur -= this.tI;
      this.tI *= this.options.tMult;
    }
    this.stepTo(this.lastEpoch + 1);
  }

  override rewind(): void {
    super.rewind();
    this.tCur = -1;
    this.tI = this.options.t0;
  }

  override stateDict(): LRSchedulerState {
    return { ...super.stateDict(), tCur: this.tCur, tI: this.tI };
  }

  override checkState(state: unknown): () => void {
    const adopt = super.checkState(state);
    const { tCur, tI } = state as LRSchedulerState;
    if (typeof tCur !== 'number' || typeof tI !== 'number') throw misfit(this.type, 'it lacks tCur or tI');
    return () => {
      adopt();
      this.tCur = tCur;
      this.tI = tI;
    };
  }

  protected override getLr(): number[] {
    const { etaMin } = this.options;
    const { tCur, tI } = this;
    return this.baseLrs.map((base) => etaMin + ((base - etaMin) * (1 + Math.cos((Math.PI * tCur) / tI))) / 2);
  }

  #goTo(epoch: number): void {
    if (!nonNegative.accepts(epoch)) {
      throw new PLError(
        'PL7201',
        `${this.type}: the epoch of a step must be ${nonNegative.wanted}, got ${epoch}`,
      );
    }
    const { t0, tMult } = this.options;
    this.tCur = tMult === 1 ? epoch % t0 : epoch;
    this.tI = t0;
    while (this.tCur >= this.tI) {
      this.tCur -= this.tI;
      this.tI *= tMult;
    }
    this.stepTo(Math.floor(epoch));
  }
}
