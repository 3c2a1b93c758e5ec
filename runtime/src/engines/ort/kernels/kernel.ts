import type { KernelFunc, TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';

export interface KernelArgs<Inputs, Attrs> {
  inputs: Inputs;
  attrs: Attrs;
  backend: OrtBackend;
}

/**
 * A kernel of the `cpu` backend that ONNX Runtime takes over: returns `undefined` for what it leaves to `cpu`
 * (small tensors, other dtypes, rare attributes, and every input that `cpu` refuses with an error).
 */
export type HotKernel<Inputs, Attrs, Result = TensorInfo> = (
  args: KernelArgs<Inputs, Attrs>,
) => Result | undefined;

export function takeOver<Inputs, Attrs>(
  hot: HotKernel<Inputs, Attrs, TensorInfo | TensorInfo[]>,
  cpu: KernelFunc,
): KernelFunc {
  return (args) => hot(args as unknown as KernelArgs<Inputs, Attrs>) ?? cpu(args);
}

export function isFloat(...tensors: readonly (TensorInfo | undefined)[]): boolean {
  return tensors.every((tensor) => tensor === undefined || tensor.dtype === 'float32');
}

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The tensor as it is now: an input may be a variable, which refers to other data once it is assigned. */
export function snapshot({ dataId, shape, dtype }: TensorInfo): TensorInfo {
  return { dataId, shape, dtype };
}

/** The same data under another shape of the same size. */
export function view(backend: OrtBackend, { dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

export function int64(...values: readonly number[]): OrtTensor {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

export function scalar(value: number): OrtTensor {
  return { type: 'float32', dims: [], data: Float32Array.of(value) };
}
