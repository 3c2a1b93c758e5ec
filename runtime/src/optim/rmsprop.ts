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

/**
 * RMSprop: Hinton, "Neural Networks for Machine Learning", lecture 6e (2012); centered as in Graves, "Generating
 * Sequences With Recurrent Neural Networks" (2013). As in PyTorch, eps is added after the square root.
 */
export class RMSprop extends ElementwiseOptimizer<RMSpropOptions> {
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

  override update(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    scalars: ParamScalars,
    { lr, alpha, eps, weightDecay, momentum, centered, maximize }: Readonly<RMSpropOptions>,
  ): void {
    scalars.step += 1;
    const averageSq = state.square_avg!;
    const average = centered ? state.grad_avg! : undefined;
    const buffer = momentum > 0 ? state.momentum_buffer! : undefined;
    const sign = maximize ? -1 : 1;

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
