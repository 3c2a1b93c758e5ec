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
 */
export function estimateSteps(config: Limits, batchesPerEpoch: () => number | undefined): number {
  const { maxEpochs, maxSteps } = new StoppingRule(config);
  if (maxEpochs === Number.POSITIVE_INFINITY) return maxSteps;
  const batches = batchesPerEpoch() ?? Number.POSITIVE_INFINITY;
  const perEpoch = Math.ceil(batches / config.accumulateGradBatches);
  return Math.min(perEpoch * Math.max(maxEpochs, 1), maxSteps);
}
