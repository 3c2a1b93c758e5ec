import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { type HostView, ownHostView, peekHostView } from './host-memory.js';
import { TorchBackend } from './torch/backend.js';

/** A tensor's values on the host, for reading, changing, and giving back. */
export interface HostValues {
  readonly values: HostView;
  /** Gives the tensor these values, in place, where they are not its own memory. */
  store(): void;
}

/**
 * The values of a tensor that are about to be written: its own memory on engines that keep tensors on the host, else a
 * copy. A variable gets data of its own first, where others share it: they keep the values of before.
 *
 * @throws PLError PL6013 for strings and complex numbers, and on engines that cannot write to a tensor in place
 */
export function openForWriting(tensor: tf.Tensor): HostValues {
  const isVariable = tensor instanceof tf.Variable;
  const view = isVariable ? ownHostView(tensor) : peekHostView(tensor);
  if (view !== undefined) return { values: view, store() {} };
  const backend = tf.backend();
  const isTorch = backend instanceof TorchBackend;
  if (!['float32', 'int32', 'bool'].includes(tensor.dtype) || !(isTorch || isVariable)) {
    throw new PLError(
      'PL6013',
      `a ${tensor.dtype} tensor of the engine '${tf.getBackend()}' cannot be written in place.`,
      { hint: "Use float32, int32 or bool on the engine 'ort' or 'torch'." },
    );
  }
  const values = tensor.dataSync().slice() as HostView;
  return {
    values,
    store() {
      if (isVariable && !(isTorch && backend.refCount(tensor.dataId) === 1)) assign(tensor, values);
      else (backend as TorchBackend).overwrite(tensor.dataId, values);
    },
  };
}

function assign(variable: tf.Variable, values: HostView): void {
  tf.tidy(() => variable.assign(tf.tensor(values, variable.shape, variable.dtype)));
}
