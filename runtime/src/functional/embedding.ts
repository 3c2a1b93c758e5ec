import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { checkFloat, checkIndices, describeTensor } from './checks.js';
import { type Operation, runOperation } from './registry.js';

export interface EmbeddingOptions {
  /** The row that gets no gradient; counted from the end when negative. */
  paddingIdx?: number;
}

/**
 * Rows of a table. The gradient of a row is the sum over the positions that asked for it.
 *
 * @param weight float32 `[rows, size]`
 * @param indices int32 `[...]`
 * @returns `[..., size]`
 * @throws PLError PL7101 for shapes or types that do not fit, PL7102 for an index out of range (seen where the engine
 * computes on the CPU), PL7103 for a padding row that does not exist.
 */
export function embedding(
  weight: tf.Tensor,
  indices: tf.Tensor,
  { paddingIdx }: EmbeddingOptions = {},
): tf.Tensor {
  checkFloat('embedding: weight', weight);
  if (weight.rank !== 2 || indices.dtype !== 'int32') {
    throw new PLError(
      'PL7101',
      `embedding: wanted a table [rows, size] and int32 indices, got ${describeTensor(weight)} and ${describeTensor(indices)}`,
    );
  }
  const [rows] = weight.shape as [number, number];
  checkIndices(
    'embedding: index',
    indices,
    rows,
    undefined,
    'Give the table one row per token of the vocabulary.',
  );
  const padding = paddingIdx !== undefined && paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
  if (padding !== undefined && !(Number.isInteger(padding) && padding >= 0 && padding < rows)) {
    throw new PLError(
      'PL7103',
      `embedding: paddingIdx must be a row of the table, ${-rows} to ${rows - 1}, got ${paddingIdx}`,
    );
  }
  return runOperation(embeddingOperation, [weight], [indices], { rows, padding });
}

export interface EmbeddingAttrs {
  rows: number;
  padding: number | undefined;
}

/** Inputs: weight `[rows, size]`; constants: indices `[...]`. The value is `[..., size]`. */
export const embeddingOperation: Operation<EmbeddingAttrs> = {
  name: 'embedding',

  forward([weight], [indices]) {
    return { value: tf.gather(weight!, indices!), saved: { indices } };
  },

  backward(dy, { indices }, { rows, padding }) {
    const size = dy.shape.at(-1)!;
    const counted =
      padding === undefined ? dy : dy.mul(indices!.notEqual(padding).cast('float32').expandDims(-1));
    return [tf.scatterND(indices!.reshape([-1, 1]), counted.reshape([-1, size]), [rows, size])];
  },
};
