import * as tf from '../tf.js';
import { asRows } from './layer-norm.js';
import { type Operation, runOperation } from './registry.js';

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
  return tf.tidy(() => {
    const { rows, affine } = asRows('rmsNorm', x, normalizedShape, { weight });
    return runOperation(rmsNormOperation, [rows, ...affine], [], { eps }).reshape(x.shape);
  });
}

export interface RMSNormAttrs {
  eps: number;
}

/** Inputs: x `[rows, size]`, then optionally weight `[size]`. */
export const rmsNormOperation: Operation<RMSNormAttrs> = {
  name: 'rmsNorm',

  forward([x, weight], _, { eps }) {
    const inverseRoot = x!.square().mean(1, true).add(eps).rsqrt();
    const normalized = x!.mul(inverseRoot);
    return {
      value: weight === undefined ? normalized : normalized.mul(weight),
      saved: { normalized, inverseRoot, weight },
    };
  },

  backward(dy, { normalized, inverseRoot, weight }) {
    const onNormalized = weight === undefined ? dy : dy.mul(weight);
    const along = onNormalized.mul(normalized!).mean(1, true);
    const dx = onNormalized.sub(normalized!.mul(along)).mul(inverseRoot!);
    return weight === undefined ? [dx] : [dx, dy.mul(normalized!).sum(0)];
  },
};
