import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerDefinition, OptimizerParams } from './optimizer.js';
import { decayRates, flag, nonNegative } from './options.js';

export interface AdamOptions {
  /** Learning rate. @default 0.001 */
  lr: number;
  /** Decay rates of the averages of the gradient and of its square. @default [0.9, 0.999] */
  betas: [number, number];
  /** Added to the denominator. @default 1e-8 */
  eps: number;
  /** Adam: L2 penalty, added to the gradient, default 0. AdamW: decoupled decay, default 0.01. */
  weightDecay: number;
  /** Divides by the largest average of squares so far. @default false */
  amsgrad: boolean;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

export const adamDefinition = {
  type: 'Adam',
  defaults: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false },
  rules: {
    lr: nonNegative,
    betas: decayRates,
    eps: nonNegative,
    weightDecay: nonNegative,
    amsgrad: flag,
    maximize: flag,
  },
} satisfies OptimizerDefinition<AdamOptions>;

/**
 * Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), with AMSGrad from Reddi et al., "On the
 * Convergence of Adam and Beyond" (2018).
 */
export class Adam extends ElementwiseOptimizer<AdamOptions> {
  constructor(
    params: OptimizerParams<AdamOptions>,
    options: Partial<AdamOptions> = {},
    definition: OptimizerDefinition<AdamOptions> = adamDefinition,
  ) {
    super(definition, params, options);
  }

  /** Whether weight decay shrinks the parameter itself instead of entering its gradient. */
  protected get decoupledWeightDecay(): boolean {
    return false;
  }

  protected override slots({ amsgrad }: Readonly<AdamOptions>): Record<string, number> {
    return amsgrad ? { exp_avg: 0, exp_avg_sq: 0, max_exp_avg_sq: 0 } : { exp_avg: 0, exp_avg_sq: 0 };
  }

  override update(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    scalars: ParamScalars,
    { lr, betas: [beta1, beta2], eps, weightDecay, amsgrad, maximize }: Readonly<AdamOptions>,
  ): void {
    scalars.step += 1;
    const average = state.exp_avg!;
    const averageSq = state.exp_avg_sq!;
    const largestSq = amsgrad ? state.max_exp_avg_sq! : undefined;
    const stepSize = lr / (1 - beta1 ** scalars.step);
    const correction2 = Math.sqrt(1 - beta2 ** scalars.step);
    const shrink = this.decoupledWeightDecay ? 1 - lr * weightDecay : 1;
    const penalty = this.decoupledWeightDecay ? 0 : weightDecay;
    const sign = maximize ? -1 : 1;

    for (let i = 0; i < param.length; i++) {
      const p = param[i]! * shrink;
      const g = sign * grad[i]! + penalty * p;
      const m = average[i]! + (1 - beta1) * (g - average[i]!);
      let v = beta2 * averageSq[i]! + (1 - beta2) * g * g;
      average[i] = m;
      averageSq[i] = v;
      if (largestSq !== undefined) {
        v = Math.max(largestSq[i]!, v);
        largestSq[i] = v;
      }
      param[i] = p - (stepSize * m) / (Math.sqrt(v) / correction2 + eps);
    }
  }
}
