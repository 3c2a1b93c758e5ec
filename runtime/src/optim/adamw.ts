import { Adam, type AdamOptions, adamDefinition } from './adam.js';
import type { OptimizerParams } from './optimizer.js';

/**
 * AdamW: Adam with weight decay apart from the gradient, `param *= 1 - lr * weightDecay` (default 0.01).
 * Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019).
 */
export class AdamW extends Adam {
  constructor(params: OptimizerParams<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, options, {
      ...adamDefinition,
      type: 'AdamW',
      defaults: { ...adamDefinition.defaults, weightDecay: 0.01 },
    });
  }

  protected override get decoupledWeightDecay(): boolean {
    return true;
  }
}
