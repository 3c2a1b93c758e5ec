import type { KernelFunc, TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';

export interface KernelArgs<Inputs, Attrs> {
  inputs: Inputs;
  attrs: Attrs;
  backend: OrtBackend;
}

/**
 * A kernel of the `cpu` backend that ONNX Runtime takes over: returns `undefined` for what it leaves to `cpu`
 * (small tensors, other dtypes, rare attributes, and every input that `cpu` refuses with an error).
 */
export type HotKernel<Inputs, Attrs> = (args: KernelArgs<Inputs, Attrs>) => TensorInfo | undefined;

export function takeOver<Inputs, Attrs>(hot: HotKernel<Inputs, Attrs>, cpu: KernelFunc): KernelFunc {
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
