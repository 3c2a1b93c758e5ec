import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { decayRates, flag, nonNegative } from './options.js';

export interface NAdamOptions {
  /** Learning rate. @default 0.002 */
  lr: number;
  /** Decay rates of the averages of the gradient and of its square. @default [0.9, 0.999] */
  betas: [number, number];
  /** Added to the denominator. @default 1e-8 */
  eps: number;
  /** @default 0 */
  weightDecay: number;
  /** How fast the momentum schedule approaches `betas[0]`. @default 0.004 */
  momentumDecay: number;
  /** Decays the parameter itself instead of adding a penalty to the gradient. @default false */
  decoupledWeightDecay: boolean;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type NAdamFactors = {
  sign: number;
  shrink: number;
  penalty: number;
  beta1: number;
  beta2: number;
  correction2: number;
  eps: number;
  onGrad: number;
  onAverage: number;
};

/**
 * NAdam, Adam with Nesterov momentum: Dozat, "Incorporating Nesterov Momentum into Adam" (2016). The momentum of
 * step t is `betas[0] * (1 - 0.5 * 0.96 ** (t * momentumDecay))`.
 */
export class NAdam extends ElementwiseOptimizer<NAdamOptions, NAdamFactors> {
  constructor(params: OptimizerParams<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    super(
      {
        type: 'NAdam',
        defaults: {
          lr: 2e-3,
          betas: [0.9, 0.999],
          eps: 1e-8,
          weightDecay: 0,
          momentumDecay: 4e-3,
          decoupledWeightDecay: false,
          maximize: false,
        },
        rules: {
          lr: nonNegative,
          betas: decayRates,
          eps: nonNegative,
          weightDecay: nonNegative,
          momentumDecay: nonNegative,
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

  protected override initialScalars(): ParamScalars {
    return { step: 0, mu_product: 1 };
  }

  protected override factors(scalars: ParamScalars, options: Readonly<NAdamOptions>): NAdamFactors {
    const { lr, eps, weightDecay, momentumDecay, decoupledWeightDecay } = options;
    const [beta1, beta2] = options.betas;
    const momentumAt = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
    scalars.step += 1;
    const mu = momentumAt(scalars.step);
    const nextMu = momentumAt(scalars.step + 1);
    const muProduct = scalars.mu_product! * mu;
    scalars.mu_product = muProduct;
    const correction2 = 1 - beta2 ** scalars.step;
    const onGrad = (lr * (1 - mu)) / (1 - muProduct);
    const onAverage = (lr * nextMu) / (1 - muProduct * nextMu);
    const shrink = decoupledWeightDecay ? 1 - lr * weightDecay : 1;
    const penalty = decoupledWeightDecay ? 0 : weightDecay;
    const sign = options.maximize ? -1 : 1;
    return { sign, shrink, penalty, beta1, beta2, correction2, eps, onGrad, onAverage };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, shrink, penalty, beta1, beta2, correction2, eps, onGrad, onAverage }: NAdamFactors,
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
      param[i] = p - (onGrad * g + onAverage * m) / (Math.sqrt(v / correction2) + eps);
    }
  }
}
