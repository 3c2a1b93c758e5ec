import type { BackwardPass } from '../hooks/signatures.js';
import { backward, backwardBy } from '../optim/backward.js';
import type { Optimizer } from '../optim/optimizer.js';
import type * as tf from '../tf.js';
import type { LoopHost } from './loop-host.js';
import { hasGradients, unreachedParameters, type WeightsCheck } from './training-checks.js';

/** The backward pass of a module whose training step leaves it to the trainer. */
export class AutomaticOptimization {
  #params: readonly tf.Variable[] = [];
  /** How many of the optimizer's groups are in there. */
  #groups = 0;

  constructor(
    private readonly host: Pick<LoopHost, 'config' | 'module'>,
    private readonly optimizer: Optimizer,
    private readonly weights: WeightsCheck,
  ) {}

  /**
   * Runs `forward` on the tape and adds the gradients of its loss to those of the parameters.
   *
   * @throws PLError PL5034 when the loss reaches none of them, PL5008 when that is because they are new
   */
  backward(forward: () => tf.Scalar | undefined): tf.Scalar | undefined {
    const params = this.#paramsNow();
    const loss = backward(forward, params, this.#gradientScale);
    // Training would go on for ever without a change if nobody said so.
    if (loss !== undefined && !hasGradients(params)) {
      loss.dispose();
      this.weights.check();
      throw unreachedParameters(this.host.module);
    }
    return loss;
  }

  /** As `backward`, with the module's own backward pass, which may leave gradients out. */
  backwardBy(forward: () => tf.Scalar | undefined, own: BackwardPass): tf.Scalar | undefined {
    return backwardBy(forward, this.#paramsNow(), this.#gradientScale, own);
  }

  /** The parameters to train; groups may join during training. */
  #paramsNow(): readonly tf.Variable[] {
    const { paramGroups } = this.optimizer;
    if (paramGroups.length !== this.#groups) {
      this.#params = paramGroups.flatMap((group) => group.params);
      this.#groups = paramGroups.length;
    }
    return this.#params;
  }

  /** Each batch of an accumulation window has its share of the gradients. */
  get #gradientScale(): number {
    return 1 / this.host.config.accumulateGradBatches;
  }
}
