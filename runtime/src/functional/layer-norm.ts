import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, present, runOperation } from './registry.js';

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
  checkNormalized('layerNorm', x, normalizedShape, { weight, bias });
  return runOperation(layerNormOperation, [x, ...present(weight, bias)], [], {
    dims: normalizedShape.length,
    eps,
    hasWeight: weight !== undefined,
    hasBias: bias !== undefined,
  });
}

export interface LayerNormAttrs {
  /** How many of the last dimensions are normalized. */
  dims: number;
  eps: number;
  hasWeight: boolean;
  hasBias: boolean;
}

/** Inputs: x, then weight and bias of x's last dimensions where `attrs` says so. */
export const layerNormOperation: Operation<LayerNormAttrs> = {
  name: 'layerNorm',

  forward([x, ...affine], _, { dims, eps, hasWeight, hasBias }) {
    const weight = hasWeight ? affine[0] : undefined;
    const axes = lastAxes(x!, dims);
    const centered = x!.sub(x!.mean(axes, true));
    const inverseDeviation = centered.square().mean(axes, true).add(eps).rsqrt();
    const normalized = centered.mul(inverseDeviation);
    const scaled = weight === undefined ? normalized : normalized.mul(weight);
    return {
      value: hasBias ? scaled.add(affine.at(-1)!) : scaled,
      saved: { normalized, inverseDeviation, weight },
    };
  },

  backward(dy, { normalized, inverseDeviation, weight }, { dims, hasBias }) {
    const axes = lastAxes(dy, dims);
    const onNormalized = weight === undefined ? dy : dy.mul(weight);
    const along = onNormalized.mul(normalized!).mean(axes, true);
    const dx = onNormalized
      .sub(onNormalized.mean(axes, true))
      .sub(normalized!.mul(along))
      .mul(inverseDeviation!);
    return [
      dx,
      ...(weight === undefined ? [] : [sumOverRows(dy.mul(normalized!), dims)]),
      ...(hasBias ? [sumOverRows(dy, dims)] : []),
    ];
  },
};

/** @throws PLError PL7101 unless x ends in the normalized shape, which is also that of weight and bias. */
export function checkNormalized(
  operation: string,
  x: tf.Tensor,
  normalizedShape: readonly number[],
  affine: { weight?: tf.Tensor | undefined; bias?: tf.Tensor | undefined },
): void {
  checkFloat(`${operation}: x`, x);
  const last = x.shape.slice(Math.max(0, x.rank - normalizedShape.length));
  if (normalizedShape.length === 0 || !tf.util.arraysEqual(last, [...normalizedShape])) {
    throw new PLError(
      'PL7101',
      `${operation}: the last dimensions of x must be [${normalizedShape}], got x of shape [${x.shape}]`,
    );
  }
  for (const [name, t] of Object.entries(affine)) {
    if (t !== undefined) checkFloat(`${operation}: ${name}`, t, normalizedShape);
  }
}

/** The last axes of x, as many as `dims` says. */
export function lastAxes(x: tf.Tensor, dims: number): number[] {
  return Array.from({ length: dims }, (_, i) => x.rank - dims + i);
}

/** Sums away all but the last `dims` axes. */
export function sumOverRows(x: tf.Tensor, dims: number): tf.Tensor {
  return x.rank === dims ? x : x.sum(Array.from({ length: x.rank - dims }, (_, i) => i));
}
