/** The values of a tensor in plain memory, row-major; a bool is a byte of 0 or 1. */
export interface TensorData {
  dtype: 'float32' | 'int32' | 'bool';
  shape: number[];
  data: Float32Array | Int32Array | Uint8Array;
}

/** The number of values in a tensor of this shape; undefined where it exceeds what a number can count. */
export function sizeOf(shape: readonly number[]): number | undefined {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return Number.isSafeInteger(size) ? size : undefined;
}

/** The same memory as bytes. */
export function bytesOf({ buffer, byteOffset, byteLength }: TensorData['data']): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
