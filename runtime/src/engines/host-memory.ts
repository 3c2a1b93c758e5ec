import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '../tf.js';

export type HostView = Float32Array | Int32Array | Uint8Array;

/**
 * The live values behind a tensor, on engines that keep tensors in host memory (`cpu`, `ort`): a write to the
 * view changes the tensor, and every tensor that shares its data (clones, reshapes).
 *
 * The view is good until the tensor is disposed or, for a variable, assigned. `undefined` on other engines, for
 * strings and for complex numbers.
 */
export function hostView(tensor: tf.Tensor): HostView | undefined {
  const backend = tf.backend();
  if (!(backend instanceof MathBackendCPU) || !backend.data.has(tensor.dataId)) return undefined;
  const { values } = backend.data.get(tensor.dataId);
  return isViewOf(values, tensor.dtype) ? values : undefined;
}

/**
 * As {@link hostView}, for code that lets go of the view before it returns. An engine that reuses the memory of freed
 * tensors may then reuse this one's, which it does not after `hostView`.
 */
export function peekHostView(tensor: tf.Tensor): HostView | undefined {
  const backend = tf.backend();
  if (!(backend instanceof MathBackendCPU) || !backend.data.has(tensor.dataId)) return undefined;
  const data = backend.data.get(tensor.dataId) as { readonly array?: HostView };
  return data.array ?? hostView(tensor);
}

const ownArrays = new WeakSet<HostView>();

/**
 * As {@link hostView}, for a variable that is about to be written in place: when the data may be seen by anyone
 * else (a clone, the typed array that a tensor was made from), the variable moves to a copy of its own first.
 * Costs one copy per variable and per `assign`, then nothing.
 */
export function ownHostView(variable: tf.Variable): HostView | undefined {
  const view = hostView(variable);
  if (view === undefined) return undefined;
  const backend = tf.backend() as MathBackendCPU;
  if (ownArrays.has(view) && backend.refCount(variable.dataId) === 1) return view;
  const copy = view.slice();
  const fresh = tf.tensor(copy, variable.shape, variable.dtype);
  variable.assign(fresh);
  fresh.dispose();
  ownArrays.add(copy);
  return copy;
}

function isViewOf(values: unknown, dtype: tf.DataType): values is HostView {
  switch (dtype) {
    case 'float32':
      return values instanceof Float32Array;
    case 'int32':
      return values instanceof Int32Array;
    case 'bool':
      return values instanceof Uint8Array;
    default:
      return false;
  }
}
