import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { flag, nonNegative } from './options.js';

export interface AdagradOptions {
  /** Learning rate. @default 0.01 */
  lr: number;
  /** Step t uses `lr / (1 + t * lrDecay)`, counted from 0. @default 0 */
  lrDecay: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** What the sums of squares start from. @default 0 */
  initialAccumulatorValue: number;
  /** Added to the denominator. @default 1e-10 */
  eps: number;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type AdagradFactors = {
  sign: number;
  weightDecay: number;
  stepSize: number;
  eps: number;
};

/** Adagrad: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning" (2011). */
export class Adagrad extends ElementwiseOptimizer<AdagradOptions, AdagradFactors> {
  constructor(params: OptimizerParams<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super(
      {
        type: 'Adagrad',
        defaults: {
          lr: 1e-2,
          lrDecay: 0,
          weightDecay: 0,
          initialAccumulatorValue: 0,
          eps: 1e-10,
          maximize: false,
        },
        rules: {
          lr: nonNegative,
          lrDecay: nonNegative,
          weightDecay: nonNegative,
          initialAccumulatorValue: nonNegative,
          eps: nonNegative,
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots({ initialAccumulatorValue }: Readonly<AdagradOptions>): Record<string, number> {
    return { sum: initialAccumulatorValue };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, lrDecay, weightDecay, eps, maximize }: Readonly<AdagradOptions>,
  ): AdagradFactors {
    const stepSize = lr / (1 + scalars.step * lrDecay);
    scalars.step += 1;
    const sign = maximize ? -1 : 1;
    return { sign, weightDecay, stepSize, eps };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, stepSize, eps }: AdagradFactors,
  ): void {
    const sum = state.sum!;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]!;
      const g = sign * grad[i]! + weightDecay * p;
      const s = sum[i]! + g * g;
      sum[i] = s;
      param[i] = p - (stepSize * g) / (Math.sqrt(s) + eps);
    }
  }
}
