import { peekHostView } from '../engines/host-memory.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat, checkIndices, checkSetting, describeTensor } from './checks.js';
import { hostCrossEntropyOperation, suitsHost } from './host-cross-entropy.js';
import { recordsGradients } from './on-tape.js';
import type { Reduction } from './reduction.js';
import { type Operation, present, runOperation } from './registry.js';

export interface CrossEntropyOptions {
  /** Positions with this label count neither in the loss nor in its mean. @default -100 */
  ignoreIndex?: number;
  /** Share of the target that is spread over all classes, 0 to 1. @default 0 */
  labelSmoothing?: number;
  /** One weight per class, `[classes]`. */
  weight?: tf.Tensor1D;
  /** @default 'mean' */
  reduction?: Reduction;
}

/**
 * Cross entropy between logits and integer labels: the mean over positions of `logsumexp(x) - x[label]`.
 *
 * With label smoothing ε the target is `(1 - ε) * onehot + ε / classes` (Szegedy et al., "Rethinking the Inception
 * Architecture for Computer Vision", 2016). With weights each position counts with the weight of its label, and the
 * mean divides by the sum of those. As in PyTorch, the mean over no position at all is NaN.
 *
 * @param logits float32 `[..., classes]`, unnormalised
 * @param labels int32 `[...]`: 0 to classes - 1, or `ignoreIndex`
 * @returns a scalar, or `[...]` with `reduction: 'none'`
 * @throws PLError PL7101 for shapes or types that do not fit, PL7102 for a label out of range (seen where the
 * engine computes on the CPU), PL7103 for an option out of range.
 */
export function crossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  options: CrossEntropyOptions & { reduction: 'none' },
): tf.Tensor;
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor, options?: CrossEntropyOptions): tf.Scalar;
export function crossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  { ignoreIndex = -100, labelSmoothing = 0, weight, reduction = 'mean' }: CrossEntropyOptions = {},
): tf.Tensor {
  checkShapes(logits, labels, weight);
  checkSetting(
    labelSmoothing >= 0 && labelSmoothing <= 1,
    'crossEntropy: labelSmoothing',
    'a number from 0 to 1',
    labelSmoothing,
  );
  const classes = logits.shape.at(-1)!;
  const someIgnored = checkIndices(
    'crossEntropy: label',
    labels,
    classes,
    ignoreIndex,
    `Give the model as many outputs as there are classes, or mark positions to skip with ${ignoreIndex}.`,
  );
  const operation =
    suitsHost(logits) && !recordsGradients() ? hostCrossEntropyOperation : crossEntropyOperation;
  return runOperation(operation, [logits], [labels, ...present(weight)], {
    ignoreIndex: someIgnored ? ignoreIndex : undefined,
    labelSmoothing,
    reduction,
  });
}

export interface CrossEntropyAttrs {
  /** `undefined` when it is known that no label has it. */
  ignoreIndex: number | undefined;
  labelSmoothing: number;
  reduction: Reduction;
}

/** Inputs: logits `[..., classes]`; constants: labels `[...]` and optionally weights `[classes]`. */
export const crossEntropyOperation: Operation<CrossEntropyAttrs> = {
  name: 'crossEntropy',

  forward([logits], [labels, weight], { ignoreIndex, labelSmoothing, reduction }) {
    const classes = logits!.shape.at(-1)!;
    const n = labels!.size;
    const rows = logits!.reshape([n, classes]);
    const flatLabels = labels!.reshape([n]);
    const counted = ignoreIndex === undefined ? undefined : flatLabels.notEqual(ignoreIndex);
    const safeLabels = counted === undefined ? flatLabels : flatLabels.mul(counted.cast('int32'));
    const mask = counted?.cast('float32');
    // What a position's label counts; undefined where that is 1 throughout.
    let labelWeight = weight === undefined ? undefined : tf.gather(weight, safeLabels);
    if (mask !== undefined) labelWeight = labelWeight === undefined ? mask : labelWeight.mul(mask);

    const positions = tf.range(0, n, 1, 'int32').mul(tf.scalar(classes, 'int32')).add(safeLabels);
    const logSumExp = tf.logSumExp(rows, -1);
    let losses = logSumExp.sub(tf.gather(rows.reshape([-1]), positions));
    if (labelWeight !== undefined) losses = losses.mul(labelWeight);
    if (labelSmoothing > 0) {
      let smooth =
        weight === undefined
          ? logSumExp.mul(classes).sub(rows.sum(-1))
          : logSumExp.mul(weight.sum()).sub(rows.mul(weight).sum(-1));
      if (mask !== undefined) smooth = smooth.mul(mask);
      losses = losses.mul(1 - labelSmoothing).add(smooth.mul(labelSmoothing / classes));
    }

    const divisor = reduction === 'mean' ? (labelWeight?.sum() ?? tf.scalar(n)) : undefined;
    const value = reduction === 'none' ? losses.reshape(labels!.shape) : losses.sum();
    return {
      value: divisor === undefined ? value : value.div(divisor),
      saved: { logits, logSumExp, positions, mask, weight, labelWeight, divisor },
    };
  },

  backward(dy, { logits, logSumExp, positions, mask, weight, labelWeight, divisor }, { labelSmoothing }) {
    const classes = logits!.shape.at(-1)!;
    const n = positions!.size;
    const upstream = divisor === undefined ? dy : dy.div(divisor);
    const reach = upstream.size === n ? upstream.reshape([n]) : upstream.reshape([1]).tile([n]);
    const probabilities = logits!.reshape([n, classes]).sub(logSumExp!.expandDims(-1)).exp();

    const onLabel = labelWeight === undefined ? reach : reach.mul(labelWeight);
    if (labelSmoothing === 0) {
      return [
        subtractAt(probabilities.mul(onLabel.expandDims(-1)), positions!, onLabel).reshape(logits!.shape),
      ];
    }
    const sharpOnLabel = onLabel.mul(1 - labelSmoothing);
    const onEach = (mask === undefined ? reach : reach.mul(mask)).mul(labelSmoothing / classes);
    const onAll = weight === undefined ? onEach.mul(classes) : onEach.mul(weight.sum());
    const grad = probabilities
      .mul(sharpOnLabel.add(onAll).expandDims(-1))
      .sub(weight === undefined ? onEach.expandDims(-1) : onEach.expandDims(-1).mul(weight));
    return [subtractAt(grad, positions!, sharpOnLabel).reshape(logits!.shape)];
  },
};

/** `x` `[n, classes]` less `values` `[n]` at the flat `positions` `[n]`. */
function subtractAt(x: tf.Tensor, positions: tf.Tensor, values: tf.Tensor): tf.Tensor {
  const view = peekHostView(x);
  const at = peekHostView(positions);
  const amounts = peekHostView(values);
  if (view !== undefined && at !== undefined && amounts !== undefined) {
    for (let i = 0; i < at.length; i++) view[at[i]!]! -= amounts[i]!;
    return x;
  }
  const flat = x.reshape([-1]);
  const updated = tf.gather(flat, positions).sub(values);
  return tf.tensorScatterUpdate(flat, positions.expandDims(-1), updated).reshape(x.shape);
}

function checkShapes(logits: tf.Tensor, labels: tf.Tensor, weight: tf.Tensor | undefined): void {
  if (logits.dtype !== 'float32' || logits.rank === 0) {
    throw new PLError(
      'PL7101',
      `crossEntropy: logits must be float32 [..., classes], got ${describeTensor(logits)}`,
    );
  }
  const positions = logits.shape.slice(0, -1);
  if (labels.dtype !== 'int32' || !tf.util.arraysEqual(labels.shape, positions)) {
    throw new PLError(
      'PL7101',
      `crossEntropy: labels must be int32 [${positions}] for logits [${logits.shape}], got ${describeTensor(labels)}`,
      {
        hint: tf.util.arraysEqual(labels.shape, logits.shape)
          ? 'One-hot labels become integers with tf.argMax(labels, -1).'
          : 'One integer per position: cast with labels.toInt(), drop extra dimensions with labels.squeeze().',
      },
    );
  }
  if (weight !== undefined) checkFloat('crossEntropy: weight', weight, [logits.shape.at(-1)!]);
}
