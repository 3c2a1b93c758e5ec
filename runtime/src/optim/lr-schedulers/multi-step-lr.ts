import type { Optimizer } from '../optimizer.js';
import { nonNegative } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import { listOf, nonNegativeInteger, type ScheduleDefinition, type ScheduleInit } from './options.js';

export interface MultiStepLROptions {
  /** The steps at which the rate changes; one that is listed twice changes it twice. */
  milestones: readonly number[];
  /** What the rate is multiplied by. @default 0.1 */
  gamma: number;
}

const definition: ScheduleDefinition<MultiStepLROptions> = {
  type: 'MultiStepLR',
  defaults: { gamma: 0.1 },
  rules: { milestones: listOf(nonNegativeInteger, 'a list of integers of at least 0'), gamma: nonNegative },
};

/** Multiplies the rates by `gamma` at each milestone. Source: torch.optim.lr_scheduler.MultiStepLR. */
export class MultiStepLR extends EpochLR<MultiStepLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<MultiStepLROptions, 'milestones'>) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const { milestones, gamma } = this.options;
    const times = milestones.filter((milestone) => milestone === this.lastEpoch).length;
    return this.currentLrs().map((lr) => lr * gamma ** times);
  }
}
