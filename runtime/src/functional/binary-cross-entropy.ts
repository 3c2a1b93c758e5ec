import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import type { Reduction } from './reduction.js';
import { type Operation, present, runOperation } from './registry.js';

export interface BinaryCrossEntropyOptions {
  /** Factor on each loss; broadcasts to the logits. */
  weight?: tf.Tensor;
  /** Factor on the loss of the positive class, one per output; broadcasts to the logits. */
  posWeight?: tf.Tensor;
  /** @default 'mean' */
  reduction?: Reduction;
}

/**
 * Binary cross entropy between logits and targets from 0 to 1, stable for any logit:
 * `max(x, 0) - x * target + log(1 + exp(-|x|))` without weights. The mean is over all elements.
 *
 * @param logits float32 of any shape
 * @param targets of the same shape; integers and booleans are taken as numbers
 * @returns a scalar, or the shape of the logits with `reduction: 'none'`
 * @throws PLError PL7101 for shapes that do not fit.
 */
export function binaryCrossEntropyWithLogits(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: BinaryCrossEntropyOptions & { reduction: 'none' },
): tf.Tensor;
export function binaryCrossEntropyWithLogits(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options?: BinaryCrossEntropyOptions,
): tf.Scalar;
export function binaryCrossEntropyWithLogits(
  logits: tf.Tensor,
  targets: tf.Tensor,
  { weight, posWeight, reduction = 'mean' }: BinaryCrossEntropyOptions = {},
): tf.Tensor {
  checkFloat('binaryCrossEntropyWithLogits: logits', logits);
  return tf.tidy(() => {
    const floatTargets = targets.dtype === 'float32' ? targets : targets.cast('float32');
    checkFloat('binaryCrossEntropyWithLogits: targets', floatTargets, logits.shape);
    return runOperation(
      binaryCrossEntropyOperation,
      [logits],
      [floatTargets, ...present(weight, posWeight)],
      { hasWeight: weight !== undefined, hasPosWeight: posWeight !== undefined, reduction },
    );
  });
}

export interface BinaryCrossEntropyAttrs {
  hasWeight: boolean;
  hasPosWeight: boolean;
  reduction: Reduction;
}

/** Inputs: logits; constants: targets of the same shape, then weight and posWeight where `attrs` says so. */
export const binaryCrossEntropyOperation: Operation<BinaryCrossEntropyAttrs> = {
  name: 'binaryCrossEntropyWithLogits',

  forward([logits], [targets, ...weights], { hasWeight, hasPosWeight, reduction }) {
    const weight = hasWeight ? weights[0] : undefined;
    const posWeight = hasPosWeight ? weights.at(-1) : undefined;
    const tail = logits!.abs().neg().exp().log1p();
    // What the log of the positive class's probability counts: 1 + (posWeight - 1) * target.
    const share = posWeight?.sub(1).mul(targets!).add(1);
    let losses =
      share === undefined
        ? logits!.relu().sub(logits!.mul(targets!)).add(tail)
        : tf
            .sub(1, targets!)
            .mul(logits!)
            .add(share.mul(tail.add(logits!.neg().relu())));
    if (weight !== undefined) losses = losses.mul(weight);
    const value = reduction === 'none' ? losses : reduction === 'sum' ? losses.sum() : losses.mean();
    return { value, saved: { logits, targets, weight, share } };
  },

  backward(dy, { logits, targets, weight, share }, { reduction }) {
    const probability = logits!.sigmoid();
    const slope =
      share === undefined
        ? probability.sub(targets!)
        : tf.sub(1, targets!).add(share.mul(probability.sub(1)));
    const weighted = weight === undefined ? slope : slope.mul(weight);
    return [weighted.mul(reduction === 'mean' ? dy.div(logits!.size) : dy)];
  },
};
