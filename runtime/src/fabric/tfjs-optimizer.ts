import { clearGrads, gradOf } from '../optim/gradients.js';
import type { PrecisionPlugin, StepTarget } from '../precision/precision-plugin.js';
import type * as tf from '../tf.js';

/** What a Fabric does for `minimize`: gradients of a loss, averaged over the processes. */
type Backward = (forward: () => tf.Scalar, params: readonly tf.Variable[]) => tf.Scalar;

/** An optimizer of TensorFlow.js itself (`tf.train.adam`), whose steps are those of all processes. */
export class FabricTfjsOptimizer<Inner extends tf.Optimizer = tf.Optimizer> {
  constructor(
    readonly optimizer: Inner,
    /** The parameters of the models that it was set up with. */
    private readonly params: readonly tf.Variable[],
    private readonly precision: PrecisionPlugin,
    private readonly backward: Backward,
  ) {}

  /**
   * As `tf.Optimizer.minimize`: gradients of what `forward` gives, then a step.
   *
   * @param varList the variables to train; by default those of the models it was set up with
   * @returns the loss, with `returnCost`; the caller disposes it
   */
  minimize(
    forward: () => tf.Scalar,
    returnCost = false,
    varList: readonly tf.Variable[] = this.params,
  ): tf.Scalar | null {
    clearGrads(varList);
    const loss = this.backward(forward, varList);
    this.#step(varList);
    if (returnCost) return loss;
    loss.dispose();
    return null;
  }

  #step(params: readonly tf.Variable[]): void {
    const target = {
      paramGroups: [{ params: [...params] }],
      zeroGrad: () => clearGrads(params),
    } as StepTarget;
    this.precision.unscale(target);
    if (this.precision.holdBack(target)) return;
    const reached = params.filter((param) => gradOf(param) !== undefined);
    this.optimizer.applyGradients(
      Object.fromEntries(reached.map((param) => [param.name, gradOf(param)!])) as tf.NamedTensorMap,
    );
    clearGrads(params);
  }
}
