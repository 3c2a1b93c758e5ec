import type { Optimizer } from '../optimizer.js';
import { nonNegative } from '../options.js';
import { LambdaLR } from './lambda-lr.js';
import { positive, type ScheduleDefinition, type ScheduleInit, scheduleOptions } from './options.js';

export interface CosineWarmupOptions {
  /** Steps until the groups' own rates are reached. */
  numWarmupSteps: number;
  /** Steps until the schedule ends, warm-up included: for example `trainer.estimatedSteppingBatches`. */
  numTrainingSteps: number;
  /** Waves of the cosine after the warm-up. @default 0.5, from the highest rate down to 0 */
  numCycles: number;
}

const definition: ScheduleDefinition<CosineWarmupOptions> = {
  type: 'getCosineScheduleWithWarmup',
  defaults: { numCycles: 0.5 },
  rules: { numWarmupSteps: nonNegative, numTrainingSteps: positive, numCycles: positive },
};

/**
 * From 0 to the groups' own rates in a line within the warm-up, then along a cosine to 0 at the last step. Step it
 * after every batch (`interval: 'step'`). Source: the schedule of that name in Hugging Face Transformers.
 *
 * @throws PLError PL7201 or PL7202 for wrong options.
 */
export function getCosineScheduleWithWarmup(
  optimizer: Optimizer,
  { lastEpoch, ...init }: ScheduleInit<CosineWarmupOptions, 'numWarmupSteps' | 'numTrainingSteps'>,
): LambdaLR {
  const { numWarmupSteps, numTrainingSteps, numCycles } = scheduleOptions(definition, init);
  const lrLambda = (step: number) => {
    if (step < numWarmupSteps) return step / Math.max(1, numWarmupSteps);
    const progress = (step - numWarmupSteps) / Math.max(1, numTrainingSteps - numWarmupSteps);
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress)));
  };
  return new LambdaLR(optimizer, { lrLambda, lastEpoch });
}
