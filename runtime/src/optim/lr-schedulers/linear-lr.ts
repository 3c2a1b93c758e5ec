import type { Optimizer } from '../optimizer.js';
import { fraction, positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import { positiveFraction, type ScheduleDefinition, type ScheduleInit } from './options.js';

export interface LinearLROptions {
  /** The rate of step 0, as a part of the group's. @default 1/3 */
  startFactor: number;
  /** The rate of step `totalIters` and later, as a part of the group's. @default 1 */
  endFactor: number;
  /** @default 5 */
  totalIters: number;
}

const definition: ScheduleDefinition<LinearLROptions> = {
  type: 'LinearLR',
  defaults: { startFactor: 1 / 3, endFactor: 1, totalIters: 5 },
  rules: { startFactor: positiveFraction, endFactor: fraction, totalIters: positiveInteger },
};

/**
 * Moves the rates' factor in a line from `startFactor` to `endFactor` within `totalIters` steps.
 * Source: torch.optim.lr_scheduler.LinearLR.
 */
export class LinearLR extends EpochLR<LinearLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<LinearLROptions> = {}) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const lrs = this.currentLrs();
    const { startFactor, endFactor, totalIters } = this.options;
    if (this.lastEpoch === 0) return lrs.map((lr) => lr * startFactor);
    if (this.lastEpoch > totalIters) return lrs;
    const rise = endFactor - startFactor;
    const growth = 1 + rise / (totalIters * startFactor + (this.lastEpoch - 1) * rise);
    return lrs.map((lr) => lr * growth);
  }
}
