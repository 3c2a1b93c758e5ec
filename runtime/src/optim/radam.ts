import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { decayRates, flag, nonNegative } from './options.js';

export interface RAdamOptions {
  /** Learning rate. @default 0.001 */
  lr: number;
  /** Decay rates of the averages of the gradient and of its square. @default [0.9, 0.999] */
  betas: [number, number];
  /** Added to the denominator. @default 1e-8 */
  eps: number;
  /** @default 0 */
  weightDecay: number;
  /** Decays the parameter itself instead of adding a penalty to the gradient. @default false */
  decoupledWeightDecay: boolean;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type RAdamFactors = {
  sign: number;
  shrink: number;
  penalty: number;
  beta1: number;
  beta2: number;
  eps: number;
  stepSize: number;
  rectification: number;
};

/**
 * RAdam, Adam whose adaptive step waits until its variance can be estimated: Liu et al., "On the Variance of the
 * Adaptive Learning Rate and Beyond" (2020). As in PyTorch, eps is added to the root of the uncorrected average.
 */
export class RAdam extends ElementwiseOptimizer<RAdamOptions, RAdamFactors> {
  constructor(params: OptimizerParams<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super(
      {
        type: 'RAdam',
        defaults: {
          lr: 1e-3,
          betas: [0.9, 0.999],
          eps: 1e-8,
          weightDecay: 0,
          decoupledWeightDecay: false,
          maximize: false,
        },
        rules: {
          lr: nonNegative,
          betas: decayRates,
          eps: nonNegative,
          weightDecay: nonNegative,
          decoupledWeightDecay: flag,
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots(): Record<string, number> {
    return { exp_avg: 0, exp_avg_sq: 0 };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, betas: [beta1, beta2], eps, weightDecay, decoupledWeightDecay, maximize }: Readonly<RAdamOptions>,
  ): RAdamFactors {
    scalars.step += 1;
    const stepSize = lr / (1 - beta1 ** scalars.step);
    const rectification = rectify(scalars.step, beta2);
    const shrink = decoupledWeightDecay ? 1 - lr * weightDecay : 1;
    const penalty = decoupledWeightDecay ? 0 : weightDecay;
    const sign = maximize ? -1 : 1;
    return { sign, shrink, penalty, beta1, beta2, eps, stepSize, rectification };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, shrink, penalty, beta1, beta2, eps, stepSize, rectification }: RAdamFactors,
  ): void {
    const average = state.exp_avg!;
    const averageSq = state.exp_avg_sq!;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]! * shrink;
      const g = sign * grad[i]! + penalty * p;
      const m = average[i]! + (1 - beta1) * (g - average[i]!);
      const v = beta2 * averageSq[i]! + (1 - beta2) * g * g;
      average[i] = m;
      averageSq[i] = v;
      const adaptive = rectification === 0 ? 1 : rectification / (Math.sqrt(v) + eps);
      param[i] = p - stepSize * m * adaptive;
    }
  }
}

/** The factor on the adaptive step, bias correction included; 0 while the variance is intractable. */
function rectify(step: number, beta2: number): number {
  const correction2 = 1 - beta2 ** step;
  const longest = 2 / (1 - beta2) - 1;
  const length = longest - (2 * step * beta2 ** step) / correction2;
  if (length <= 5) return 0;
  const ratio = ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length);
  return Math.sqrt(ratio) * Math.sqrt(correction2);
}
