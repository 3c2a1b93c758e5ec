import type { Optimizer } from '../optimizer.js';
import { nonNegative } from '../options.js';
import { LambdaLR } from './lambda-lr.js';
import { positive, type ScheduleDefinition, type ScheduleInit, scheduleOptions } from './options.js';

export interface LinearWarmupOptions {
  /** Steps until the groups' own rates are reached. */
  numWarmupSteps: number;
  /** Steps until the rates are 0, warm-up included: for example `trainer.estimatedSteppingBatches`. */
  numTrainingSteps: number;
}

const definition: ScheduleDefinition<LinearWarmupOptions> = {
  type: 'getLinearScheduleWithWarmup',
  defaults: {},
  rules: { numWarmupSteps: nonNegative, numTrainingSteps: positive },
};

/**
 * From 0 to the groups' own rates in a line within the warm-up, then in a line to 0 at the last step. Step it after
 * every batch (`interval: 'step'`). Source: the schedule of that name in Hugging Face Transformers.
 *
 * @throws PLError PL7201 or PL7202 for wrong options.
 */
export function getLinearScheduleWithWarmup(
  optimizer: Optimizer,
  { lastEpoch, ...init }: ScheduleInit<LinearWarmupOptions, 'numWarmupSteps' | 'numTrainingSteps'>,
): LambdaLR {
  const { numWarmupSteps, numTrainingSteps } = scheduleOptions(definition, init);
  const lrLambda = (step: number) =>
    step < numWarmupSteps
      ? step / Math.max(1, numWarmupSteps)
      : Math.max(0, (numTrainingSteps - step) / Math.max(1, numTrainingSteps - numWarmupSteps));
  return new LambdaLR(optimizer, { lrLambda, lastEpoch });
}
