import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, present, runOperation } from './registry.js';

export interface BatchNormOptions {
  /** Gain per channel, `[channels]`. */
  weight?: tf.Tensor1D;
  /** Offset per channel, `[channels]`. */
  bias?: tf.Tensor1D;
  /** Average of the batches' means, `[channels]`: updated in training, used in evaluation. */
  runningMean?: tf.Variable;
  /** Average of the batches' variances, `[channels]`: updated in training, used in evaluation. */
  runningVar?: tf.Variable;
  /** Normalizes by the batch's own statistics; otherwise by the running ones. @default false */
  training?: boolean;
  /** Share of the batch in the running statistics. @default 0.1 */
  momentum?: number;
  /** Added to the variance. @default 1e-5 */
  eps?: number;
}

let acrossProcesses: Operation<BatchNormAttrs> | undefined;

/** Takes an operation in place of this one in training, where a batch is only a part of what processes share. */
export function normalizeAcrossProcesses(operation: Operation<BatchNormAttrs> | undefined): void {
  acrossProcesses = operation;
}

/**
 * Batch normalization per channel: Ioffe & Szegedy, "Batch Normalization" (2015). As in PyTorch the batch is
 * normalized by its biased variance, while the running variance takes the unbiased one.
 *
 * @param x float32 `[batch, ..., channels]`, channels last as everywhere in TensorFlow.js
 * @throws PLError PL7101 when shapes do not fit, when evaluation has no running statistics, or when training has one
 * value per channel only.
 */
export function batchNorm(x: tf.Tensor, options: BatchNormOptions = {}): tf.Tensor {
  const { weight, bias, runningMean, runningVar, training = false, momentum = 0.1, eps = 1e-5 } = options;
  checkFloat('batchNorm: x', x);
  const channels = x.shape.at(-1)!;
  for (const [name, t] of Object.entries({ weight, bias, runningMean, runningVar })) {
    if (t !== undefined) checkFloat(`batchNorm: ${name}`, t, [channels]);
  }
  if (!training) return evaluate(x, weight, bias, runningMean, runningVar, eps);

  const count = x.size / channels;
  if (count <= 1 && acrossProcesses === undefined) {
    throw new PLError(
      'PL7101',
      `batchNorm: training needs more than one value per channel, got x [${x.shape}]`,
      {
        hint: 'Drop a last batch of one sample (dropLast), or normalize with groupNorm.',
      },
    );
  }
  return runOperation(acrossProcesses ?? batchNormOperation, [x, ...present(weight, bias)], [], {
    eps,
    momentum,
    hasWeight: weight !== undefined,
    hasBias: bias !== undefined,
    runningMean,
    runningVar,
  });
}

export interface BatchNormAttrs {
  eps: number;
  momentum: number;
  hasWeight: boolean;
  hasBias: boolean;
  /** To be updated by the forward pass, where they exist. */
  runningMean: tf.Variable | undefined;
  runningVar: tf.Variable | undefined;
}

/** Training. Inputs: x `[..., channels]`, then weight and bias `[channels]` where `attrs` says so. */
export const batchNormOperation: Operation<BatchNormAttrs> = {
  name: 'batchNorm',

  forward([x, ...affine], _, attrs) {
    const { eps, hasWeight, hasBias } = attrs;
    const weight = hasWeight ? affine[0] : undefined;
    const flat = byChannel(x!);
    const mean = flat.mean(0);
    const centered = flat.sub(mean);
    const variance = centered.square().mean(0);
    updateRunning(attrs, mean, variance, flat.shape[0]!);
    const inverseDeviation = variance.add(eps).rsqrt();
    const normalized = centered.mul(inverseDeviation);
    const scaled = weight === undefined ? normalized : normalized.mul(weight);
    return {
      value: (hasBias ? scaled.add(affine.at(-1)!) : scaled).reshape(x!.shape),
      saved: { normalized, inverseDeviation, weight },
    };
  },

  backward(dy, { normalized, inverseDeviation, weight }, { hasBias }) {
    const flat = byChannel(dy);
    const count = flat.shape[0]!;
    const dBias = flat.sum(0);
    const dWeight = flat.mul(normalized!).sum(0);
    const gain = weight === undefined ? inverseDeviation! : inverseDeviation!.mul(weight);
    const dx = flat
      .sub(dBias.div(count))
      .sub(normalized!.mul(dWeight.div(count)))
      .mul(gain)
      .reshape(dy.shape);
    return [dx, ...(weight === undefined ? [] : [dWeight]), ...(hasBias ? [dBias] : [])];
  },
};

/** As `[count, channels]`. */
export function byChannel(x: tf.Tensor): tf.Tensor {
  return x.reshape([-1, x.shape.at(-1)!]);
}

/** Takes up the mean and the biased variance of a batch with `count` values per channel. */
function updateRunning(
  { momentum, runningMean, runningVar }: BatchNormAttrs,
  mean: tf.Tensor,
  variance: tf.Tensor,
  count: number,
): void {
  runningMean?.assign(runningMean.mul(1 - momentum).add(mean.mul(momentum)));
  runningVar?.assign(runningVar.mul(1 - momentum).add(variance.mul((momentum * count) / (count - 1))));
}

function evaluate(
  x: tf.Tensor,
  weight: tf.Tensor | undefined,
  bias: tf.Tensor | undefined,
  mean: tf.Tensor | undefined,
  variance: tf.Tensor | undefined,
  eps: number,
): tf.Tensor {
  if (mean === undefined || variance === undefined) {
    throw new PLError('PL7101', 'batchNorm: evaluation needs runningMean and runningVar, got none', {
      hint: 'Pass the variables that training updated, or set training to normalize by the batch itself.',
    });
  }
  return tf.tidy(() => {
    const inverseDeviation = variance.add(eps).rsqrt();
    const gain = weight === undefined ? inverseDeviation : inverseDeviation.mul(weight);
    const scaled = x.sub(mean).mul(gain);
    return bias === undefined ? scaled : scaled.add(bias);
  });
}
