import { adamInPlace } from '../engines/ort/adam.js';
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

/** The numbers of one step. */
type AdamFactors = {
  sign: number;
  shrink: number;
  penalty: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  stepSize: number;
  /** 1 or 0. */
  amsgrad: number;
};

/**
 * Adam: Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015), with AMSGrad from Reddi et al., "On the
 * Convergence of Adam and Beyond" (2018).
 */
export class Adam extends ElementwiseOptimizer<AdamOptions, AdamFactors> {
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

  protected override factors(
    scalars: ParamScalars,
    { lr, betas: [beta1, beta2], eps, weightDecay, amsgrad, maximize }: Readonly<AdamOptions>,
  ): AdamFactors {
    scalars.step += 1;
    const correction2 = Math.sqrt(1 - beta2 ** scalars.step);
    const decoupled = this.decoupledWeightDecay;
    // m / (1 - beta1^t) / (sqrt(v) / correction2 + eps), with both sides of the division times correction2.
    const stepSize = (lr / (1 - beta1 ** scalars.step)) * correction2;
    const epsilon = eps * correction2;
    const shrink = decoupled ? 1 - lr * weightDecay : 1;
    const penalty = decoupled ? 0 : weightDecay;
    const sign = maximize ? -1 : 1;
    return { sign, shrink, penalty, beta1, beta2, epsilon, stepSize, amsgrad: Number(amsgrad) };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, shrink, penalty, beta1, beta2, epsilon, stepSize, amsgrad }: AdamFactors,
  ): void {
    const average = state.exp_avg!;
    const averageSq = state.exp_avg_sq!;
    const largestSq = amsgrad === 1 ? state.max_exp_avg_sq! : undefined;
    const onGrad = { shrink, penalty, sign };
    if (largestSq === undefined && penalty === 0 && sign === 1) {
      const values = { param, grad, average, averageSq };
      if (adamInPlace(values, { beta1, beta2, stepSize, epsilon, shrink })) return;
    }
    if (largestSq === undefined)
      descend(param, grad, average, averageSq, beta1, beta2, stepSize, epsilon, onGrad);
    else
      descendByLargest(param, grad, average, averageSq, largestSq, beta1, beta2, stepSize, epsilon, onGrad);
  }
}

/** Weight decay and direction: `p * shrink` is updated along `sign * grad + penalty * p`. */
interface OnGrad {
  shrink: number;
  penalty: number;
  sign: number;
}

// Loops in functions of their own, over plain numbers and without branches: V8 makes them twice as fast.

function descend(
  param: Values,
  grad: Values,
  average: Values,
  averageSq: Values,
  beta1: number,
  beta2: number,
  stepSize: number,
  eps: number,
  { shrink, penalty, sign }: OnGrad,
): void {
  const { length } = param;
  const take1 = 1 - beta1;
  const take2 = 1 - beta2;
  for (let i = 0; i < length; i++) {
    const p = param[i]! * shrink;
    const g = sign * grad[i]! + penalty * p;
    const previous = average[i]!;
    const m = previous + take1 * (g - previous);
    const v = beta2 * averageSq[i]! + take2 * g * g;
    average[i] = m;
    averageSq[i] = v;
    param[i] = p - (stepSize * m) / (Math.sqrt(v) + eps);
  }
}

function descendByLargest(
  param: Values,
  grad: Values,
  average: Values,
  averageSq: Values,
  largestSq: Values,
  beta1: number,
  beta2: number,
  stepSize: number,
  eps: number,
  { shrink, penalty, sign }: OnGrad,
): void {
  const { length } = param;
  const take1 = 1 - beta1;
  const take2 = 1 - beta2;
  for (let i = 0; i < length; i++) {
    const p = param[i]! * shrink;
    const g = sign * grad[i]! + penalty * p;
    const previous = average[i]!;
    const m = previous + take1 * (g - previous);
    const v = beta2 * averageSq[i]! + take2 * g * g;
    const largest = Math.max(largestSq[i]!, v);
    average[i] = m;
    averageSq[i] = v;
    largestSq[i] = largest;
    param[i] = p - (stepSize * m) / (Math.sqrt(largest) + eps);
  }
}
