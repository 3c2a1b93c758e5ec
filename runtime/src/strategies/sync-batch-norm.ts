import { PLError } from '../errors/pl-error.js';
import { type BatchNormAttrs, byChannel, normalizeAcrossProcesses } from '../functional/batch-norm.js';
import { recordsGradients } from '../functional/on-tape.js';
import { type Operation, present, runOperation } from '../functional/registry.js';
import * as tf from '../tf.js';
import type { ProcessGroup } from './process-group.js';

/** What tfjs's batch normalization layer is made of; its types leave it out. */
interface BatchNormalization extends tf.layers.Layer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: Weight;
  readonly beta?: Weight;
  readonly movingMean: Weight;
  readonly movingVariance: Weight;
}

interface Weight {
  read(): tf.Variable;
}

/**
 * Lets `batchNorm` and tfjs's layer of that kind normalize training batches by the statistics of all ranks' batches
 * together, which may differ in size. Every rank normalizes the same batches in the same order.
 *
 * @returns a function that ends this
 */
export function synchronizeBatchNorm(group: ProcessGroup): () => void {
  normalizeAcrossProcesses(acrossProcesses(group, 'unbiased'));
  const layerOperation = acrossProcesses(group, 'biased');
  const layer = Object.getPrototypeOf(tf.layers.batchNormalization()) as BatchNormalization;
  const { call } = layer;
  layer.call = function (this: BatchNormalization, inputs, kwargs) {
    const input = Array.isArray(inputs) ? inputs[0]! : inputs;
    // Other axes than the last have no gradient in tfjs.
    const isLast = this.axis === -1 || this.axis === input.rank - 1;
    if (!kwargs?.training || !isLast) return call.call(this, inputs, kwargs);
    return callLayer(this, input, layerOperation);
  };
  return () => {
    normalizeAcrossProcesses(undefined);
    layer.call = call;
  };
}

function callLayer(
  { momentum, epsilon, gamma, beta, movingMean, movingVariance }: BatchNormalization,
  input: tf.Tensor,
  operation: Operation<BatchNormAttrs>,
): tf.Tensor {
  return runOperation(operation, [input, ...present(gamma?.read(), beta?.read())], [], {
    eps: epsilon,
    momentum: 1 - momentum,
    hasWeight: gamma !== undefined,
    hasBias: beta !== undefined,
    runningMean: movingMean.read(),
    runningVar: movingVariance.read(),
  });
}

/**
 * Batch normalization over the batches of all ranks: two sums per channel in each pass are added up over them. The
 * gradients of weight and bias stay those of the rank, to be averaged with all others.
 *
 * @param running which variance of the batches the running one averages: PyTorch takes the unbiased, tfjs the biased
 */
function acrossProcesses(group: ProcessGroup, running: 'biased' | 'unbiased'): Operation<BatchNormAttrs> {
  return {
    name: 'syncBatchNorm',

    forward([x, ...affine], _, { eps, hasWeight, hasBias, momentum, runningMean, runningVar }) {
      if (recordsGradients()) throw noSecondGradient();
      const weight = hasWeight ? affine[0] : undefined;
      const flat = byChannel(x!);
      const [sum, count] = addUp(group, flat.sum(0), tf.tensor1d([flat.shape[0]!]));
      const mean = sum!.div(count!);
      const centered = flat.sub(mean);
      const [squares] = addUp(group, centered.square().sum(0));
      const variance = squares!.div(count!);
      const taken = running === 'biased' ? variance : squares!.div(count!.sub(1));
      runningMean?.assign(runningMean.mul(1 - momentum).add(mean.mul(momentum)));
      runningVar?.assign(runningVar.mul(1 - momentum).add(taken.mul(momentum)));
      const inverseDeviation = variance.add(eps).rsqrt();
      const normalized = centered.mul(inverseDeviation);
      const scaled = weight === undefined ? normalized : normalized.mul(weight);
      return {
        value: (hasBias ? scaled.add(affine.at(-1)!) : scaled).reshape(x!.shape),
        saved: { normalized, inverseDeviation, weight, count },
      };
    },

    backward(dy, { normalized, inverseDeviation, weight, count }, { hasBias }) {
      const flat = byChannel(dy);
      const dBias = flat.sum(0);
      const dWeight = flat.mul(normalized!).sum(0);
      const [level, along] = addUp(group, dBias, dWeight);
      const gain = weight === undefined ? inverseDeviation! : inverseDeviation!.mul(weight);
      const dx = flat
        .sub(level!.div(count!))
        .sub(normalized!.mul(along!.div(count!)))
        .mul(gain)
        .reshape(dy.shape);
      return [dx, ...(weight === undefined ? [] : [dWeight]), ...(hasBias ? [dBias] : [])];
    },
  };
}

/** The vectors' sums over the ranks, in one collective. */
function addUp(group: ProcessGroup, ...vectors: readonly tf.Tensor[]): tf.Tensor[] {
  const joined = tf.concat(vectors as tf.Tensor1D[]);
  group.allReduce([joined], 'sum').wait();
  return tf.split(
    joined,
    vectors.map(({ size }) => size),
  );
}

function noSecondGradient(): PLError {
  return new PLError(
    'PL8011',
    'batch normalization over several processes has no gradient of its gradient.',
    {
      hint: 'Set trainer.syncBatchnorm to false, or normalize with groupNorm.',
    },
  );
}
