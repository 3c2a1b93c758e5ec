import { PLError } from '../errors/pl-error.js';
import type * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, present, runOperation } from './registry.js';

export interface GroupNormOptions {
  /** Gain per channel, `[channels]`. */
  weight?: tf.Tensor1D;
  /** Offset per channel, `[channels]`. */
  bias?: tf.Tensor1D;
  /** Added to the variance. @default 1e-5 */
  eps?: number;
}

/**
 * Normalization over groups of channels, each sample by itself: Wu & He, "Group Normalization" (2018).
 *
 * @param x float32 `[batch, ..., channels]`, channels last as everywhere in TensorFlow.js
 * @param groups divides the channels; neighbours form a group
 * @throws PLError PL7101 when shapes or groups do not fit.
 */
export function groupNorm(
  x: tf.Tensor,
  groups: number,
  { weight, bias, eps = 1e-5 }: GroupNormOptions = {},
): tf.Tensor {
  checkFloat('groupNorm: x', x);
  const channels = x.shape.at(-1) ?? 0;
  if (x.rank < 2 || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new PLError(
      'PL7101',
      `groupNorm: the channels of x must divide into ${groups} groups, got x of shape [${x.shape}]`,
    );
  }
  if (weight !== undefined) checkFloat('groupNorm: weight', weight, [channels]);
  if (bias !== undefined) checkFloat('groupNorm: bias', bias, [channels]);
  const attrs = { groups, eps, hasWeight: weight !== undefined, hasBias: bias !== undefined };
  return runOperation(groupNormOperation, [x, ...present(weight, bias)], [], attrs);
}

export interface GroupNormAttrs {
  groups: number;
  eps: number;
  hasWeight: boolean;
  hasBias: boolean;
}

/** Inputs: x `[batch, ..., channels]`, then weight and bias `[channels]` where `attrs` says so. */
export const groupNormOperation: Operation<GroupNormAttrs> = {
  name: 'groupNorm',

  forward([x, ...affine], _, { groups, eps, hasWeight, hasBias }) {
    const weight = hasWeight ? affine[0] : undefined;
    const flat = byPosition(x!);
    const centered = flat.sub(groupMeans(flat, groups));
    const inverseDeviation = groupMeans(centered.square(), groups).add(eps).rsqrt();
    const normalized = centered.mul(inverseDeviation);
    const scaled = weight === undefined ? normalized : normalized.mul(weight);
    return {
      value: (hasBias ? scaled.add(affine.at(-1)!) : scaled).reshape(x!.shape),
      saved: { normalized, inverseDeviation, weight },
    };
  },

  backward(dy, { normalized, inverseDeviation, weight }, { groups, hasBias }) {
    const flat = byPosition(dy);
    const onNormalized = weight === undefined ? flat : flat.mul(weight);
    const along = groupMeans(onNormalized.mul(normalized!), groups);
    const dx = onNormalized
      .sub(groupMeans(onNormalized, groups))
      .sub(normalized!.mul(along))
      .mul(inverseDeviation!);
    return [
      dx.reshape(dy.shape),
      ...(weight === undefined ? [] : [flat.mul(normalized!).sum([0, 1])]),
      ...(hasBias ? [flat.sum([0, 1])] : []),
    ];
  },
};

/** As `[batch, positions, channels]`. */
function byPosition(x: tf.Tensor): tf.Tensor {
  return x.reshape([x.shape[0]!, -1, x.shape.at(-1)!]);
}

/**
 * The mean of each sample's group, at each of its channels: `[batch, 1, channels]`. Positions are reduced first, so
 * that only small tensors are rearranged.
 */
function groupMeans(x: tf.Tensor, groups: number): tf.Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  const size = channels / groups;
  return x
    .mean(1)
    .reshape([batch, groups, size])
    .mean(2, true)
    .tile([1, 1, size])
    .reshape([batch, 1, channels]);
}
