import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { finite, flag, nonNegative } from './options.js';

export interface ASGDOptions {
  /** Learning rate. @default 0.01 */
  lr: number;
  /** Decay of the parameter at each step. @default 1e-4 */
  lambd: number;
  /** Power by which the learning rate falls. @default 0.75 */
  alpha: number;
  /** The step at which averaging starts. @default 1e6 */
  t0: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type ASGDFactors = {
  sign: number;
  weightDecay: number;
  shrink: number;
  eta: number;
  mu: number;
};

/**
 * Averaged stochastic gradient descent: Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging"
 * (1992). The averaged parameters are the state tensor `ax`.
 */
export class ASGD extends ElementwiseOptimizer<ASGDOptions, ASGDFactors> {
  constructor(params: OptimizerParams<ASGDOptions>, options: Partial<ASGDOptions> = {}) {
    super(
      {
        type: 'ASGD',
        defaults: { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false },
        rules: {
          lr: nonNegative,
          lambd: finite,
          alpha: finite,
          t0: finite,
          weightDecay: nonNegative,
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots(): Record<string, number> {
    return { ax: 0 };
  }

  protected override initialScalars(): ParamScalars {
    return { step: 0, eta: 0, mu: 1 };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, lambd, alpha, t0, weightDecay, maximize }: Readonly<ASGDOptions>,
  ): ASGDFactors {
    const eta = scalars.step === 0 ? lr : scalars.eta!;
    const mu = scalars.mu!;
    scalars.step += 1;
    scalars.eta = lr / (1 + lambd * lr * scalars.step) ** alpha;
    scalars.mu = 1 / Math.max(1, scalars.step - t0);
    const shrink = 1 - lambd * eta;
    const sign = maximize ? -1 : 1;
    return { sign, weightDecay, shrink, eta, mu };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, shrink, eta, mu }: ASGDFactors,
  ): void {
    const averaged = state.ax!;
    for (let i = 0; i < param.length; i++) {
      const g = sign * grad[i]! + weightDecay * param[i]!;
      const p = param[i]! * shrink - eta * g;
      averaged[i] = averaged[i]! + mu * (p - averaged[i]!);
      param[i] = p;
    }
  }
}
