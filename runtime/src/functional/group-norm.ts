import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, runOperation } from './registry.js';

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
  return tf.tidy(() => {
    const split = x.reshape([x.shape[0]!, -1, groups, channels / groups]);
    const inputs = [split, ...(weight ? [weight] : []), ...(bias ? [bias] : [])];
    const attrs = { eps, hasWeight: weight !== undefined, hasBias: bias !== undefined };
    return runOperation(groupNormOperation, inputs, [], attrs).reshape(x.shape);
  });
}

export interface GroupNormAttrs {
  eps: number;
  hasWeight: boolean;
  hasBias: boolean;
}

/** The dimensions that share a mean in `[batch, positions, groups, channels per group]`. */
const shared = [1, 3];

/**
 * Inputs: x `[batch, positions, groups, channels per group]`, then weight and bias `[channels]` where `attrs` says
 * so. The value has the shape of x.
 */
export const groupNormOperation: Operation<GroupNormAttrs> = {
  name: 'groupNorm',

  forward([x, ...affine], _, { eps, hasWeight, hasBias }) {
    const perChannel = x!.shape.slice(2);
    const weight = hasWeight ? affine[0]!.reshape(perChannel) : undefined;
    const centered = x!.sub(x!.mean(shared, true));
    const inverseDeviation = centered.square().mean(shared, true).add(eps).rsqrt();
    const normalized = centered.mul(inverseDeviation);
    const scaled = weight === undefined ? normalized : normalized.mul(weight);
    return {
      value: hasBias ? scaled.add(affine.at(-1)!.reshape(perChannel)) : scaled,
      saved: { normalized, inverseDeviation, weight },
    };
  },

  backward(dy, { normalized, inverseDeviation, weight }, { hasBias }) {
    const onNormalized = weight === undefined ? dy : dy.mul(weight);
    const along = onNormalized.mul(normalized!).mean(shared, true);
    const dx = onNormalized
      .sub(onNormalized.mean(shared, true))
      .sub(normalized!.mul(along))
      .mul(inverseDeviation!);
    const perChannel = (t: tf.Tensor) => t.sum([0, 1]).reshape([-1]);
    return [
      dx,
      ...(weight === undefined ? [] : [perChannel(dy.mul(normalized!))]),
      ...(hasBias ? [perChannel(dy)] : []),
    ];
  },
};
