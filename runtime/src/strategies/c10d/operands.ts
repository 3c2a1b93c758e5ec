import { ownHostView, peekHostView } from '../../engines/host-memory.js';
import { TorchBackend } from '../../engines/torch/backend.js';
import type { NativeValue } from '../../engines/torch/distributed.js';
import { unshare } from '../../engines/torch/unshare.js';
import { PLError } from '../../errors/pl-error.js';
import * as tf from '../../tf.js';
import type { Values } from '../process-group.js';

type ElementType = 'float32' | 'float64' | 'int32' | 'uint8' | 'complex64';

const bytesPerElement: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float64: 8,
  int32: 4,
  uint8: 1,
  complex64: 8,
};

/** One value of a collective, as the addon takes it. */
export interface Operand {
  readonly native: NativeValue;
  readonly type: ElementType;
  readonly length: number;
  /** Gives the tensor what the addon wrote into a copy of it. */
  readonly writeBack?: () => void;
}

/** Values that the collective only reads. */
export function input(values: Values): Operand {
  if (!(values instanceof tf.Tensor)) return ofArray(values);
  const backend = tf.backend();
  if (backend instanceof TorchBackend) return ofTensor(values, backend.handleOf(values));
  return ofTensor(values, peekHostView(values) ?? valuesOf(values));
}

/** Values that it replaces. A variable gets data of its own first, so that its clones keep theirs. */
export function output(values: Values): Operand {
  if (!(values instanceof tf.Tensor)) return ofArray(values);
  const backend = tf.backend();
  if (backend instanceof TorchBackend) {
    if (values instanceof tf.Variable) unshare(values, backend);
    return ofTensor(values, backend.handleOf(values));
  }
  const view = values instanceof tf.Variable ? ownHostView(values) : peekHostView(values);
  if (view !== undefined) return ofTensor(values, view);
  const copy = valuesOf(values);
  return { ...ofTensor(values, copy), writeBack: () => replace(values, copy) };
}

/** @throws PLError PL8003 when the values are of several types */
export function checkTypes(operands: readonly Operand[]): void {
  const [first] = operands;
  for (const { type } of operands) {
    if (type === first!.type) continue;
    throw new PLError('PL8003', `a collective got ${first!.type} and ${type} values in one call.`, {
      hint: 'Call it once for each type of values.',
    });
  }
}

export function bytesOf(operands: readonly Operand[]): number {
  return operands.reduce((bytes, { type, length }) => bytes + length * bytesPerElement[type], 0);
}

function ofArray(array: Exclude<Values, tf.Tensor>): Operand {
  return { native: array, type: typeOf(array), length: array.length };
}

function typeOf(array: Exclude<Values, tf.Tensor>): ElementType {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  return array instanceof Int32Array ? 'int32' : 'uint8';
}

function ofTensor(tensor: tf.Tensor, native: NativeValue): Operand {
  const type = tensor.dtype === 'bool' ? 'uint8' : (tensor.dtype as ElementType);
  return { native, type, length: tensor.size };
}

function valuesOf(tensor: tf.Tensor): Float32Array | Int32Array | Uint8Array {
  if (tensor.dtype !== 'string') return tensor.dataSync() as Float32Array | Int32Array | Uint8Array;
  throw new PLError('PL8003', 'a collective got a tensor of strings.', { hint: 'Send numbers.' });
}

/** What `tf.Variable.assign` does, for any tensor. */
function replace(tensor: tf.Tensor, values: Float32Array | Int32Array | Uint8Array): void {
  const fresh = tf.tensor(values, tensor.shape, tensor.dtype);
  const engine = tf.engine();
  engine.disposeTensor(tensor);
  tensor.dataId = fresh.dataId;
  (engine as unknown as { incRef(tensor: tf.Tensor, backend: null): void }).incRef(tensor, null);
  fresh.dispose();
}
