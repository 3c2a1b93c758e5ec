import type { Optimizer } from '../optimizer.js';
import { nonNegative, positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import type { ScheduleDefinition, ScheduleInit } from './options.js';

export interface CosineAnnealingLROptions {
  /** Steps from the highest to the lowest rate. */
  tMax: number;
  /** The lowest rate. @default 0 */
  etaMin: number;
}

const definition: ScheduleDefinition<CosineAnnealingLROptions> = {
  type: 'CosineAnnealingLR',
  defaults: { etaMin: 0 },
  rules: { tMax: positiveInteger, etaMin: nonNegative },
};

/**
 * Swings the rates between the groups' own and `etaMin` along a cosine: Loshchilov and Hutter, "SGDR" (2016), without
 * the restarts. Each rate follows from the one before, as in torch.optim.lr_scheduler.CosineAnnealingLR, so changes
 * that another schedule makes stay in.
 */
export class CosineAnnealingLR extends EpochLR<CosineAnnealingLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<CosineAnnealingLROptions, 'tMax'>) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const { tMax, etaMin } = this.options;
    const t = this.lastEpoch;
    const lrs = this.currentLrs();
    if (t === 0) return lrs;
    if (this.stepCount === 1) {
      return this.baseLrs.map(
        (base) => etaMin + ((base - etaMin) * (1 + Math.cos((t * Math.PI) / tMax))) / 2,
      );
    }
    if ((t - 1 - tMax) % (2 * tMax) === 0) {
      return this.baseLrs.map((base, i) => lrs[i]! + ((base - etaMin) * (1 - Math.cos(Math.PI / tMax))) / 2);
    }
    const ratio = (1 + Math.cos((Math.PI * t) / tMax)) / (1 + Math.cos((Math.PI * (t - 1)) / tMax));
    return lrs.map((lr) => ratio * (lr - etaMin) + etaMin);
  }
}
