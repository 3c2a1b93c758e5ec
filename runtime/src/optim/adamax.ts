import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { decayRates, flag, nonNegative } from './options.js';

export interface AdamaxOptions {
  /** Learning rate. @default 0.002 */
  lr: number;
  /** Decay rates of the average and of the infinity norm. @default [0.9, 0.999] */
  betas: [number, number];
  /** Added to the gradient's magnitude. @default 1e-8 */
  eps: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type AdamaxFactors = {
  sign: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  eps: number;
  stepSize: number;
};

/** Adamax: the infinity-norm variant in Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015). */
export class Adamax extends ElementwiseOptimizer<AdamaxOptions, AdamaxFactors> {
  constructor(params: OptimizerParams<AdamaxOptions>, options: Partial<AdamaxOptions> = {}) {
    super(
      {
        type: 'Adamax',
        defaults: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false },
        rules: {
          lr: nonNegative,
          betas: decayRates,
          eps: nonNegative,
          weightDecay: nonNegative,
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots(): Record<string, number> {
    return { exp_avg: 0, exp_inf: 0 };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, betas: [beta1, beta2], eps, weightDecay, maximize }: Readonly<AdamaxOptions>,
  ): AdamaxFactors {
    scalars.step += 1;
    const stepSize = lr / (1 - beta1 ** scalars.step);
    const sign = maximize ? -1 : 1;
    return { sign, weightDecay, beta1, beta2, eps, stepSize };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, beta1, beta2, eps, stepSize }: AdamaxFactors,
  ): void {
    const average = state.exp_avg!;
    const norm = state.exp_inf!;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]!;
      const g = sign * grad[i]! + weightDecay * p;
      const m = average[i]! + (1 - beta1) * (g - average[i]!);
      const u = Math.max(beta2 * norm[i]!, Math.abs(g) + eps);
      average[i] = m;
      norm[i] = u;
      param[i] = p - (stepSize * m) / u;
    }
  }
}
