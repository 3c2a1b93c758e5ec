import * as tf from '../tf.js';
import { visitTensors } from './visit-tensors.js';

/** Disposes every tensor inside a batch, however nested, but no variable: that is a model's. */
export function disposeBatch(batch: unknown): void {
  visitTensors(batch, (tensor) => {
    if (!(tensor instanceof tf.Variable)) tensor.dispose();
  });
}

/** Disposes the tensors inside `value` that are newer than the tensor id `createdAfter`, but none under `tf.keep`. */
export function disposeNewer(value: unknown, createdAfter: number): void {
  visitTensors(value, (tensor) => {
    if (tensor.id > createdAfter && !tensor.kept) tensor.dispose();
  });
}
