import type { BackwardPass } from '../hooks/signatures.js';
import { backward, backwardBy } from '../optim/backward.js';
import type { Optimizer } from '../optim/optimizer.js';
import { paramsOf } from '../optim/params-of.js';
import type { GradientReduction, ReductionContext } from '../strategies/strategy.js';
import * as tf from '../tf.js';
import type { LoopHost } from './loop-host.js';
import { hasGradients, unreachedParameters, type WeightsCheck } from './training-checks.js';

/** The backward pass of a module whose training step leaves it to the trainer. */
export class AutomaticOptimization {
  #params: readonly tf.Variable[] = [];
  /** How many of the optimizer's groups are in there. */
  #groups = 0;

  constructor(
    private readonly host: Pick<LoopHost, 'config' | 'module' | 'precision' | 'strategy'>,
    private readonly optimizer: Optimizer,
    private readonly weights: WeightsCheck,
  ) {}

  /**
   * Runs `forward` on the tape and adds the gradients of its loss to those of the parameters.
   *
   * @param reduction given where the gradients are complete: they become the mean over all ranks
   * @throws PLError PL5034 when the loss reaches none of them, PL5008 when that is because they are new
   */
  backward(
    forward: () => tf.Scalar | undefined,
    reduction: ReductionContext | undefined,
  ): tf.Scalar | undefined {
    const params = this.#paramsNow();
    const mean = reduction && this.#beginReduction(params);
    const own = backward(forward, params, this.#gradientScale, mean && ((param) => mean.ready(param)));
    const loss = mean === undefined ? own : this.#finish(mean, reduction!, own);
    // Training would go on for ever without a change if nobody said so.
    if (loss !== undefined && !hasGradients(params)) {
      loss.dispose();
      this.weights.check();
      throw unreachedParameters(this.host.module);
    }
    return loss;
  }

  /** As `backward`, with the module's own backward pass, which may leave gradients out. */
  backwardBy(
    forward: () => tf.Scalar | undefined,
    reduction: ReductionContext | undefined,
    own: BackwardPass,
  ): tf.Scalar | undefined {
    const params = this.#paramsNow();
    const loss = backwardBy(forward, params, this.#gradientScale, own);
    const mean = reduction && this.#beginReduction(params);
    return mean === undefined ? loss : this.#finish(mean, reduction!, loss);
  }

  /** Undefined for one process. */
  #beginReduction(params: readonly tf.Variable[]): GradientReduction | undefined {
    const { strategy } = this.host;
    return strategy.worldSize === 1 ? undefined : strategy.beginReduction(params);
  }

  /** @returns the loss that the optimizer is to see */
  #finish(
    reduction: GradientReduction,
    context: ReductionContext,
    loss: tf.Scalar | undefined,
  ): tf.Scalar | undefined {
    reduction.finish(context);
    if (loss === undefined || !this.optimizer.usesLoss) return loss;
    const mean = Float32Array.from(loss.dataSync());
    this.host.strategy.reduce(mean, 'mean');
    loss.dispose();
    return tf.keep(tf.scalar(mean[0]!));
  }

  /** The parameters to train; groups may join during training. */
  #paramsNow(): readonly tf.Variable[] {
    const { paramGroups } = this.optimizer;
    if (paramGroups.length !== this.#groups) {
      this.#params = paramsOf(this.optimizer);
      this.#groups = paramGroups.length;
    }
    return this.#params;
  }

  /** Each batch of an accumulation window has its share of the gradients, scaled as the precision wants them. */
  get #gradientScale(): number {
    return this.host.precision.lossScale / this.host.config.accumulateGradBatches;
  }
}
