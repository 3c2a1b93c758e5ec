import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { finite, flag, nonNegative } from './options.js';

export interface SGDOptions {
  /** Learning rate. @default 0.001 */
  lr: number;
  /** @default 0 */
  momentum: number;
  /** Part of the gradient that does not enter the momentum buffer. @default 0 */
  dampening: number;
  /** L2 penalty, added to the gradient. @default 0 */
  weightDecay: number;
  /** @default false */
  nesterov: boolean;
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/**
 * Stochastic gradient descent with momentum as in Sutskever et al., "On the importance of initialization and
 * momentum in deep learning" (2013), in PyTorch's variant: `buf = momentum * buf + (1 - dampening) * grad`,
 * `param -= lr * buf`, and the first gradient enters the buffer undamped.
 */
export class SGD extends ElementwiseOptimizer<SGDOptions> {
  constructor(params: OptimizerParams<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super(
      {
        type: 'SGD',
        defaults: { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false },
        rules: {
          lr: nonNegative,
          momentum: nonNegative,
          dampening: finite,
          weightDecay: nonNegative,
          nesterov: flag,
          maximize: flag,
        },
        conflict: ({ nesterov, momentum, dampening }) =>
          nesterov && (momentum === 0 || dampening !== 0)
            ? 'nesterov needs a momentum above 0 and no dampening'
            : undefined,
      },
      params,
      options,
    );
  }

  protected override slots({ momentum }: Readonly<SGDOptions>): Record<string, number> {
    return momentum === 0 ? {} : { momentum_buffer: 0 };
  }

  override update(
    param: Values,
    grad: Values,
    { momentum_buffer: buffer }: Record<string, Values>,
    scalars: ParamScalars,
    { lr, momentum, dampening, weightDecay, nesterov, maximize }: Readonly<SGDOptions>,
  ): void {
    const sign = maximize ? -1 : 1;
    if (momentum === 0 || buffer === undefined) {
      for (let i = 0; i < param.length; i++) {
        const p = param[i]!;
        param[i] = p - lr * (sign * grad[i]! + weightDecay * p);
      }
      return;
    }
    const first = scalars.step === 0;
    scalars.step += 1;
    const keep = first ? 0 : momentum;
    const take = first ? 1 : 1 - dampening;
    for (let i = 0; i < param.length; i++) {
      const p = param[i]!;
      const g = sign * grad[i]! + weightDecay * p;
      const b = keep * buffer[i]! + take * g;
      buffer[i] = b;
      param[i] = p - lr * (nesterov ? g + momentum * b : b);
    }
  }
}
