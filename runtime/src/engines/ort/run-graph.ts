import * as tf from '../../tf.js';
import type { OrtBackend } from './backend.js';
import type { OrtTensor } from './binding.js';
import { isFloat, sizeOf } from './kernels/kernel.js';

/** The tfjs kernel that {@link runGraph} goes through, so that tfjs tracks what comes out. */
export const GRAPH_KERNEL = 'OnnxGraph';

interface GraphAttrs {
  key: string;
  /** The shape of each output, in the graph's order. */
  shapes: Readonly<Record<string, number[]>>;
}

export function graphKernel({
  inputs,
  backend,
  attrs,
}: {
  inputs: Readonly<Record<string, tf.TensorInfo>>;
  backend: OrtBackend;
  attrs: GraphAttrs;
}): tf.TensorInfo[] {
  const feeds: Record<string, OrtTensor> = {};
  let largest = 0;
  for (const [name, tensor] of Object.entries(inputs)) {
    feeds[name] = backend.feed(tensor);
    largest = Math.max(largest, sizeOf(tensor.shape));
  }
  const results: tf.TensorInfo[] = [];
  const outputs: Record<string, OrtTensor> = {};
  for (const [name, shape] of Object.entries(attrs.shapes)) {
    const result = backend.allocate(shape);
    results.push(result);
    outputs[name] = backend.feed(result);
  }
  backend.sessions.get(attrs.key)(feeds, outputs, largest >= backend.limits.parallelElements);
  return results;
}

/**
 * Runs a common graph of the embedded engine on float32 tensors that are not empty. No gradient.
 *
 * @param key what `commonGraph` returned
 * @returns one tensor for each of `shapes`, in order
 */
export function runGraph(
  key: string,
  inputs: Readonly<Record<string, tf.Tensor>>,
  shapes: Readonly<Record<string, number[]>>,
): tf.Tensor[] {
  return tf
    .engine()
    .runKernel(GRAPH_KERNEL, inputs, { key, shapes } as unknown as tf.NamedAttrMap) as tf.Tensor[];
}

/** Whether the embedded engine is in use and the tensors are for it, and large enough to be worth a call. */
export function takesGraphs(...tensors: readonly tf.Tensor[]): boolean {
  if (tf.getKernel(GRAPH_KERNEL, tf.getBackend()) === undefined) return false;
  const { limits } = tf.backend() as OrtBackend;
  const sizes = tensors.map(({ shape }) => sizeOf(shape));
  return isFloat(...tensors) && Math.max(...sizes) >= limits.elements && !sizes.includes(0);
}
