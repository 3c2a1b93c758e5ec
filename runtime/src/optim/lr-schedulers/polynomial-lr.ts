import type { Optimizer } from '../optimizer.js';
import { nonNegative, positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import type { ScheduleDefinition, ScheduleInit } from './options.js';

export interface PolynomialLROptions {
  /** The step at which the rate reaches 0. @default 5 */
  totalIters: number;
  /** @default 1 */
  power: number;
}

const definition: ScheduleDefinition<PolynomialLROptions> = {
  type: 'PolynomialLR',
  defaults: { totalIters: 5, power: 1 },
  rules: { totalIters: positiveInteger, power: nonNegative },
};

/**
 * Lets the rates fall to 0 as `(1 - t / totalIters) ** power`. Source: torch.optim.lr_scheduler.PolynomialLR.
 */
export class PolynomialLR extends EpochLR<PolynomialLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<PolynomialLROptions> = {}) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const lrs = this.currentLrs();
    const { totalIters, power } = this.options;
    const t = this.lastEpoch;
    if (t === 0 || t > totalIters) return lrs;
    const decay = ((1 - t / totalIters) / (1 - (t - 1) / totalIters)) ** power;
    return lrs.map((lr) => lr * decay);
  }
}
