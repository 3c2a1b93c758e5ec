import type { Optimizer } from '../optimizer.js';
import { nonNegative, positiveInteger } from '../options.js';
import { EpochLR } from './epoch-lr.js';
import type { ScheduleDefinition, ScheduleInit } from './options.js';

export interface StepLROptions {
  /** Steps between two changes. */
  stepSize: number;
  /** What the rate is multiplied by. @default 0.1 */
  gamma: number;
}

const definition: ScheduleDefinition<StepLROptions> = {
  type: 'StepLR',
  defaults: { gamma: 0.1 },
  rules: { stepSize: positiveInteger, gamma: nonNegative },
};

/** Multiplies the rates by `gamma` every `stepSize` steps. Source: torch.optim.lr_scheduler.StepLR. */
export class StepLR extends EpochLR<StepLROptions> {
  constructor(optimizer: Optimizer, options: ScheduleInit<StepLROptions, 'stepSize'>) {
    super(optimizer, definition, options);
    this.start();
  }

  protected override getLr(): number[] {
    const { stepSize, gamma } = this.options;
    const changes = this.lastEpoch > 0 && this.lastEpoch % stepSize === 0;
    return this.currentLrs().map((lr) => (changes ? lr * gamma : lr));
  }
}
