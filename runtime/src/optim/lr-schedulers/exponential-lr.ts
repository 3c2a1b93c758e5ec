import type { Optimizer } from '../optimizer.js';
import { nonNegative } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import type { ScheduleDefinition, ScheduleInit } from './options.js';

export interface ExponentialLROptions {
  /** What the rate is multiplied by. */
  gamma: number;
}

const definition: ScheduleDefinition<ExponentialLROptions> = {
  type: 'ExponentialLR',
  defaults: {},
  rules: { gamma: nonNegative },
};

/** Multiplies the rates by `gamma` at every step. Source: torch.optim.lr_scheduler.ExponentialLR. */
export class ExponentialLR extends EpochLR<ExponentialLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<ExponentialLROptions, 'gamma'>) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    return this.currentLrs().map((lr) => (this.lastEpoch === 0 ? lr : lr * this.options.gamma));
  }
}
