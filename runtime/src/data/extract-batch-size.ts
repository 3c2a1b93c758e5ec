import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';

/**
 * The number of samples in a batch: the first dimension of its first tensor, 1 for a scalar.
 *
 * @param onAmbiguous called when tensors differ in their first dimension, or something beside them is no tensor
 * @throws PL4008 when there is no tensor in the batch
 */
export function extractBatchSize(batch: unknown, onAmbiguous?: (size: number) => void): number {
  let size: number | undefined;
  for (const found of sizes(batch)) {
    if (size === undefined) {
      size = found;
      if (size !== undefined && onAmbiguous === undefined) return size;
    } else if (found !== size) {
      onAmbiguous?.(size);
      break;
    }
  }
  if (size !== undefined) return size;
  throw new PLError('PL4008', 'The batch size cannot be read from the batch: there is no tensor in it', {
    hint: 'Pass it: this.log(name, value, { batchSize }).',
  });
}

function* sizes(value: unknown): Generator<number | undefined, void, undefined> {
  if (value instanceof tf.Tensor) yield value.rank === 0 ? 1 : value.shape[0]!;
  else if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) yield undefined;
  else if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    for (const item of value.values()) yield* sizes(item);
  } else for (const item of Object.values(value)) yield* sizes(item);
}
