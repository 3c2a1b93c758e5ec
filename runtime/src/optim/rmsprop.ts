import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { flag, fraction, nonNegative } from './options.js';

export interface RMSpropOptions {
  /** Learning rate. @default 0.01 */
  lr: number;
  /** Decay rate of the averages. @default 0.99 */
  alpha: number;
  /** Added to the denominator. @default 1e-8 */
  eps: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** @default 0 */
  momentum: number;
  /** Divides by an estimate of the variance instead of the mean square. @default false */
  centered: boolean;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type RMSpropFactors = {
  sign: number;
  weightDecay: number;
  alpha: number;
  eps: number;
  momentum: number;
  /** 1 or 0. */
  centered: number;
  lr: number;
};

/**
 * RMSprop: Hinton, "Neural Networks for Machine Learning", lecture 6e (2012); centered as in Graves, "Generating
 * Sequences With Recurrent Neural Networks" (2013). As in PyTorch, eps is added after the square root.
 */
export class RMSprop extends ElementwiseOptimizer<RMSpropOptions, RMSpropFactors> {
  constructor(params: OptimizerParams<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    super(
      {
        type: 'RMSprop',
        defaults: {
          lr: 1e-2,
          alpha: 0.99,
          eps: 1e-8,
          weightDecay: 0,
          momentum: 0,
          centered: false,
          maximize: false,
        },
        rules: {
          lr: nonNegative,
          alpha: fraction,
          eps: nonNegative,
          weightDecay: nonNegative,
          momentum: nonNegative,
          centered: flag,
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots({ momentum, centered }: Readonly<RMSpropOptions>): Record<string, number> {
    return {
      square_avg: 0,
      ...(momentum > 0 && { momentum_buffer: 0 }),
      ...(centered && { grad_avg: 0 }),
    };
  }

  protected override factors(
    scalars: ParamScalars,
    { lr, alpha, eps, weightDecay, momentum, centered, maximize }: Readonly<RMSpropOptions>,
  ): RMSpropFactors {
    scalars.step += 1;
    const sign = maximize ? -1 : 1;
    return { sign, weightDecay, alpha, eps, momentum, centered: Number(centered), lr };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, alpha, eps, momentum, centered, lr }: RMSpropFactors,
  ): void {
    const averageSq = state.square_avg!;
    const average = centered === 1 ? state.grad_avg! : undefined;
    const buffer = momentum > 0 ? state.momentum_buffer! : undefined;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]!;
      const g = sign * grad[i]! + weightDecay * p;
      const v = alpha * averageSq[i]! + (1 - alpha) * g * g;
      averageSq[i] = v;
      let variance = v;
      if (average !== undefined) {
        const m = average[i]! + (1 - alpha) * (g - average[i]!);
        average[i] = m;
        variance -= m * m;
      }
      let direction = g / (Math.sqrt(variance) + eps);
      if (buffer !== undefined) {
        direction += momentum * buffer[i]!;
        buffer[i] = direction;
      }
      param[i] = p - lr * direction;
    }
  }
}
