import { sgdInPlace } from '../engines/ort/sgd.js';
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

/** The numbers of one step. */
type SGDFactors = {
  sign: number;
  weightDecay: number;
  lr: number;
  keep: number;
  take: number;
  onGrad: number;
  onBuffer: number;
};

/**
 * Stochastic gradient descent with momentum as in Sutskever et al., "On the importance of initialization and
 * momentum in deep learning" (2013), in PyTorch's variant: `buf = momentum * buf + (1 - dampening) * grad`,
 * `param -= lr * buf`, and the first gradient enters the buffer undamped.
 */
export class SGD extends ElementwiseOptimizer<SGDOptions, SGDFactors> {
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

  protected override factors(
    scalars: ParamScalars,
    { lr, momentum, dampening, weightDecay, nesterov, maximize }: Readonly<SGDOptions>,
  ): SGDFactors {
    const sign = maximize ? -1 : 1;
    const first = scalars.step === 0;
    if (momentum !== 0) scalars.step += 1;
    const keep = first ? 0 : momentum;
    const take = first ? 1 : 1 - dampening;
    // The step is onGrad * g + onBuffer * b.
    const onGrad = momentum === 0 || nesterov ? lr : 0;
    const onBuffer = momentum === 0 ? 0 : nesterov ? lr * momentum : lr;
    return { sign, weightDecay, lr, keep, take, onGrad, onBuffer };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, weightDecay, lr, keep, take, onGrad, onBuffer }: SGDFactors,
  ): void {
    const buffer = onBuffer === 0 ? undefined : state.momentum_buffer;
    if (buffer === undefined) {
      if (sgdInPlace({ param, grad }, { sign, weightDecay, lr })) return;
      if (weightDecay === 0) addScaled(param, grad, -sign * lr);
      else decayAndDescend(param, grad, sign, weightDecay, lr);
      return;
    }
    if (onGrad === 0 && sgdInPlace({ param, grad, buffer }, { sign, weightDecay, lr, keep, take })) return;
    descendWithMomentum(param, grad, buffer, sign, weightDecay, keep, take, onGrad, onBuffer);
  }
}

// Loops in functions of their own, over plain numbers and without branches: V8 makes them twice as fast.

function addScaled(param: Values, grad: Values, factor: number): void {
  const { length } = param;
  const unrolled = length - (length % 4);
  let i = 0;
  for (; i < unrolled; i += 4) {
    param[i]! += factor * grad[i]!;
    param[i + 1]! += factor * grad[i + 1]!;
    param[i + 2]! += factor * grad[i + 2]!;
    param[i + 3]! += factor * grad[i + 3]!;
  }
  for (; i < length; i++) param[i]! += factor * grad[i]!;
}

function decayAndDescend(param: Values, grad: Values, sign: number, weightDecay: number, lr: number): void {
  const { length } = param;
  for (let i = 0; i < length; i++) {
    const p = param[i]!;
    param[i] = p - lr * (sign * grad[i]! + weightDecay * p);
  }
}

function descendWithMomentum(
  param: Values,
  grad: Values,
  buffer: Values,
  sign: number,
  weightDecay: number,
  keep: number,
  take: number,
  onGrad: number,
  onBuffer: number,
): void {
  const { length } = param;
  for (let i = 0; i < length; i++) {
    const p = param[i]!;
    const g = sign * grad[i]! + weightDecay * p;
    const b = keep * buffer[i]! + take * g;
    buffer[i] = b;
    param[i] = p - onBuffer * b - onGrad * g;
  }
}
