import { StoppingRule } from '../loops/stopping-rule.js';
import type { ResolvedTrainerConfig } from './options.js';

type Limits = Pick<
  ResolvedTrainerConfig,
  'maxEpochs' | 'maxSteps' | 'maxTime' | 'minEpochs' | 'minSteps' | 'accumulateGradBatches'
>;

/**
 * Optimizer steps of a whole fit, if nothing ends it early.
 *
 * @param batchesPerEpoch asked only where the number of epochs is limited; undefined for data without length
 * @param batchesPerStep how many batches go into one step in an epoch; by default the setting
 */
export function estimateSteps(
  config: Limits,
  batchesPerEpoch: () => number | undefined,
  batchesPerStep: (epoch: number) => number = () => config.accumulateGradBatches,
): number {
  const { maxEpochs, maxSteps } = new StoppingRule(config);
  if (maxEpochs === Number.POSITIVE_INFINITY) return maxSteps;
  const batches = batchesPerEpoch() ?? Number.POSITIVE_INFINITY;
  let steps = 0;
  for (let epoch = 0; epoch < Math.max(maxEpochs, 1) && steps < maxSteps; epoch++) {
    steps += Math.ceil(batches / batchesPerStep(epoch));
  }
  return Math.min(steps, maxSteps);
}
