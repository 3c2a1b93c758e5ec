import type * as tf from '../tf.js';
import type { TensorData } from './tensor-data.js';

/** A copy of a tensor's values, for a checkpoint. */
export function tensorData(tensor: tf.Tensor): TensorData {
  return {
    dtype: tensor.dtype as TensorData['dtype'],
    shape: tensor.shape,
    data: tensor.dataSync().slice() as TensorData['data'],
  };
}
