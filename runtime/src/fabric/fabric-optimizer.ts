import type { OptimizerHandle } from '../loops/manual-optimization.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { PrecisionPlugin } from '../precision/precision-plugin.js';
import type * as tf from '../tf.js';

/** An optimizer whose steps are right for the precision: with gradients of the loss itself, and none that overflowed. */
export class FabricOptimizer<Inner extends Optimizer = Optimizer> implements OptimizerHandle {
  #isUnscaled = false;

  constructor(
    /** For learning-rate schedulers, and whatever else needs the optimizer itself. */
    readonly optimizer: Inner,
    private readonly precision: PrecisionPlugin,
  ) {}

  get paramGroups(): Inner['paramGroups'] {
    return this.optimizer.paramGroups;
  }

  zeroGrad(): void {
    this.#isUnscaled = false;
    this.optimizer.zeroGrad();
  }

  /** Makes the gradients those of the loss itself, for whoever looks at them before the step. Once is enough. */
  unscale(): void {
    if (!this.#isUnscaled) this.precision.unscale(this.optimizer);
    this.#isUnscaled = true;
  }

  /** Updates the parameters; a closure computes loss and gradients anew, and runs before. */
  step<Loss extends tf.Scalar | number | undefined>(closure?: () => Loss): Loss | undefined {
    return this.optimizer.step(() => {
      const loss = closure?.();
      this.unscale();
      this.precision.holdBack(this.optimizer);
      this.#isUnscaled = false;
      return loss as Loss;
    });
  }
}
