import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';

/** The typed arrays that can become tensors. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array;

/** What one value of a tensor is stored as: `bool` is a byte per value. */
export type HostDtype = 'float32' | 'int32' | 'bool';

/**
 * Numbers with a shape, in plain memory: what a dataset returns for an image or a labelled class, so that no tensor
 * is made per sample.
 *
 * @example new NdArray(pixels, [28, 28, 1])
 * @example new NdArray(Int32Array.of(label), [])   // a scalar that stays int32 in the batch
 */
export class NdArray {
  /**
   * @param data the values in row-major order; Float64Array becomes float32, integer arrays become int32
   * @param shape `[...]`, `[]` for a scalar; its product is the number of values (PL4009)
   */
  constructor(
    readonly data: NumericArray,
    readonly shape: readonly number[],
    readonly dtype: HostDtype = dtypeOf(data),
  ) {
    if (data.length !== tf.util.sizeFromShape([...shape])) {
      throw new PLError('PL4009', `${data.length} values do not fill the shape [${shape.join(', ')}]`, {
        hint: 'The product of the shape must be the number of values.',
      });
    }
  }
}

/** The dtype of the tensor that TensorFlow.js makes of an array. */
export function dtypeOf(data: NumericArray): HostDtype {
  return data instanceof Float32Array || data instanceof Float64Array ? 'float32' : 'int32';
}

export function isNumericArray(value: unknown): value is NumericArray {
  return (
    value instanceof Float32Array ||
    value instanceof Float64Array ||
    value instanceof Int32Array ||
    value instanceof Uint8Array ||
    value instanceof Int8Array ||
    value instanceof Int16Array ||
    value instanceof Uint8ClampedArray ||
    value instanceof Uint16Array
  );
}

/** Zeroed memory for `length` values of a tensor. */
export function allocate(dtype: HostDtype, length: number): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'float32') return new Float32Array(length);
  return dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
}
