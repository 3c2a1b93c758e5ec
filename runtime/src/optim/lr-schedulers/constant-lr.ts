import type { Optimizer } from '../optimizer.js';
import { positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import { positiveFraction, type ScheduleDefinition, type ScheduleInit } from './options.js';

export interface ConstantLROptions {
  /** The first steps' rate, as a part of the group's: not 0, since the way back divides by it. @default 1/3 */
  factor: number;
  /** The step from which on the rate is the group's own. @default 5 */
  totalIters: number;
}

const definition: ScheduleDefinition<ConstantLROptions> = {
  type: 'ConstantLR',
  defaults: { factor: 1 / 3, totalIters: 5 },
  rules: { factor: positiveFraction, totalIters: positiveInteger },
};

/** Multiplies the rates by `factor` until step `totalIters`. Source: torch.optim.lr_scheduler.ConstantLR. */
export class ConstantLR extends EpochLR<ConstantLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<ConstantLROptions> = {}) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const { factor, totalIters } = this.options;
    const change = this.lastEpoch === 0 ? factor : this.lastEpoch === totalIters ? 1 / factor : 1;
    return this.currentLrs().map((lr) => lr * change);
  }
}
