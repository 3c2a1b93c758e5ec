import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { flag, fraction, nonNegative } from './options.js';

export interface AdadeltaOptions {
  /** Factor on the step that the method itself computes. @default 1 */
  lr: number;
  /** Decay rate of the averages. @default 0.9 */
  rho: number;
  /** Added under both square roots. @default 1e-6 */
  eps: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type AdadeltaFactors = {
  sign: number;
  weightDecay: number;
  rho: number;
  eps: number;
  lr: number;
};

/** Adadelta: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012). */
export class Adadelta extends ElementwiseOptimizer<AdadeltaOptions, AdadeltaFactors> {
  constructor(params: OptimizerParams<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super(
      {
        type: 'Adadelta',
        defaults: { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false },
        rules: { lr: nonNegative, rho: fraction, eps: nonNegative, weightDecay: nonNegative, maximize: flag },
      },
      params,
      options,
    );
  }

  protected override slots(): Record<string, number> {
    return { square_avg: 0, acc_delta: 0 };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, rho, eps, weightDecay, maximize }: Readonly<AdadeltaOptions>,
  ): AdadeltaFactors {
    scalars.step += 1;
    const sign = maximize ? -1 : 1;
    return { sign, weightDecay, rho, eps, lr };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, rho, eps, lr }: AdadeltaFactors,
  ): void {
    const averageSq = state.square_avg!;
    const deltaSq = state.acc_delta!;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]!;
      const g = sign * grad[i]! + weightDecay * p;
      const v = rho * averageSq[i]! + (1 - rho) * g * g;
      averageSq[i] = v;
      const delta = (Math.sqrt(deltaSq[i]! + eps) / Math.sqrt(v + eps)) * g;
      deltaSq[i] = rho * deltaSq[i]! + (1 - rho) * delta * delta;
      param[i] = p - lr * delta;
    }
  }
}
