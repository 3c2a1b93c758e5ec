import * as tf from '../tf.js';

/** A tensor as plain values, which can go to another process. */
export class PackedTensor {
  readonly dtype: tf.DataType;
  readonly shape: number[];
  readonly packedTensor: Float32Array | Int32Array | Uint8Array;

  constructor(tensor: tf.Tensor) {
    this.dtype = tensor.dtype;
    this.shape = tensor.shape;
    this.packedTensor = tensor.dataSync() as Float32Array;
  }

  /** Cloning loses the class. */
  static isClone(value: unknown): value is PackedTensor {
    return typeof value === 'object' && value !== null && 'packedTensor' in value;
  }

  static unpack({ packedTensor, shape, dtype }: PackedTensor): tf.Tensor {
    return tf.tensor(packedTensor, shape, dtype);
  }
}
