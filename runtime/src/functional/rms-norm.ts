import type * as tf from '../tf.js';
import { checkNormalized, lastAxes, sumOverRows } from './layer-norm.js';
import { type Operation, present, runOperation } from './registry.js';

export interface RMSNormOptions {
  /** Gain, of the normalized shape. */
  weight?: tf.Tensor;
  /** Added to the mean square. @default 2 ** -23, the spacing of float32 at 1 */
  eps?: number;
}

/**
 * Division by the root of the mean square of the last dimensions: Zhang & Sennrich, "Root Mean Square Layer
 * Normalization" (2019).
 *
 * @param x float32 `[..., ...normalizedShape]`
 * @param normalizedShape the last dimensions of x, for example `[features]`
 * @throws PLError PL7101 when shapes do not fit.
 */
export function rmsNorm(
  x: tf.Tensor,
  normalizedShape: readonly number[],
  { weight, eps = 2 ** -23 }: RMSNormOptions = {},
): tf.Tensor {
  checkNormalized('rmsNorm', x, normalizedShape, { weight });
  return runOperation(rmsNormOperation, [x, ...present(weight)], [], { dims: normalizedShape.length, eps });
}

export interface RMSNormAttrs {
  /** How many of the last dimensions are normalized. */
  dims: number;
  eps: number;
}

/** Inputs: x, then optionally weight of x's last dimensions. */
export const rmsNormOperation: Operation<RMSNormAttrs> = {
  name: 'rmsNorm',

  forward([x, weight], _, { dims, eps }) {
    const inverseRoot = x!.square().mean(lastAxes(x!, dims), true).add(eps).rsqrt();
    const normalized = x!.mul(inverseRoot);
    return {
      value: weight === undefined ? normalized : normalized.mul(weight),
      saved: { normalized, inverseRoot, weight },
    };
  },

  backward(dy, { normalized, inverseRoot, weight }, { dims }) {
    const onNormalized = weight === undefined ? dy : dy.mul(weight);
    const along = onNormalized.mul(normalized!).mean(lastAxes(dy, dims), true);
    const dx = onNormalized.sub(normalized!.mul(along)).mul(inverseRoot!);
    return weight === undefined ? [dx] : [dx, sumOverRows(dy.mul(normalized!), dims)];
  },
};
