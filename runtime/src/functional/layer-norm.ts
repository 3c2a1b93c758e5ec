import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, runOperation } from './registry.js';

export interface LayerNormOptions {
  /** Gain, of the normalized shape. */
  weight?: tf.Tensor;
  /** Offset, of the normalized shape. */
  bias?: tf.Tensor;
  /** Added to the variance. @default 1e-5 */
  eps?: number;
}

/**
 * Layer normalization over the last dimensions: Ba, Kiros & Hinton, "Layer Normalization" (2016).
 *
 * @param x float32 `[..., ...normalizedShape]`
 * @param normalizedShape the last dimensions of x, for example `[features]`
 * @throws PLError PL7101 when shapes do not fit.
 */
export function layerNorm(
  x: tf.Tensor,
  normalizedShape: readonly number[],
  { weight, bias, eps = 1e-5 }: LayerNormOptions = {},
): tf.Tensor {
  return tf.tidy(() => {
    const { rows, affine } = asRows('layerNorm', x, normalizedShape, { weight, bias });
    const attrs = { eps, hasWeight: weight !== undefined, hasBias: bias !== undefined };
    return runOperation(layerNormOperation, [rows, ...affine], [], attrs).reshape(x.shape);
  });
}

export interface LayerNormAttrs {
  eps: number;
  hasWeight: boolean;
  hasBias: boolean;
}

/** Inputs: x `[rows, size]`, then weight `[size]` and bias `[size]` where `attrs` says so. */
export const layerNormOperation: Operation<LayerNormAttrs> = {
  name: 'layerNorm',

  forward([x, ...affine], _, { eps, hasWeight, hasBias }) {
    const weight = hasWeight ? affine[0] : undefined;
    const centered = x!.sub(x!.mean(1, true));
    const inverseDeviation = centered.square().mean(1, true).add(eps).rsqrt();
    const normalized = centered.mul(inverseDeviation);
    const scaled = weight === undefined ? normalized : normalized.mul(weight);
    return {
      value: hasBias ? scaled.add(affine.at(-1)!) : scaled,
      saved: { normalized, inverseDeviation, weight },
    };
  },

  backward(dy, { normalized, inverseDeviation, weight }, { hasBias }) {
    const onNormalized = weight === undefined ? dy : dy.mul(weight);
    const along = onNormalized.mul(normalized!).mean(1, true);
    const dx = onNormalized
      .sub(onNormalized.mean(1, true))
      .sub(normalized!.mul(along))
      .mul(inverseDeviation!);
    return [
      dx,
      ...(weight === undefined ? [] : [dy.mul(normalized!).sum(0)]),
      ...(hasBias ? [dy.sum(0)] : []),
    ];
  },
};

/**
 * x as `[rows, size]`, and those of weight and bias that exist as `[size]`.
 *
 * @throws PLError PL7101 when shapes do not fit.
 */
export function asRows(
  operation: string,
  x: tf.Tensor,
  normalizedShape: readonly number[],
  affine: { weight?: tf.Tensor | undefined; bias?: tf.Tensor | undefined },
): { rows: tf.Tensor; affine: tf.Tensor[] } {
  checkFloat(`${operation}: x`, x);
  const last = x.shape.slice(x.rank - normalizedShape.length);
  if (normalizedShape.length === 0 || !tf.util.arraysEqual(last, [...normalizedShape])) {
    throw new PLError(
      'PL7101',
      `${operation}: the last dimensions of x must be [${normalizedShape}], got x of shape [${x.shape}]`,
    );
  }
  for (const [name, t] of Object.entries(affine)) {
    if (t !== undefined) checkFloat(`${operation}: ${name}`, t, normalizedShape);
  }
  return {
    rows: x.reshape([-1, tf.util.sizeFromShape(last)]),
    affine: Object.values(affine).flatMap((t) => (t === undefined ? [] : [t.reshape([-1])])),
  };
}
