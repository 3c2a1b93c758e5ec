import * as tf from '../../tf.js';
import type { TorchBackend } from './backend.js';
import { operation } from './operation.js';

const copy = operation('copy');

/** Gives a variable that is about to be written data of its own where a clone has the same: the clone keeps its values. */
export function unshare(variable: tf.Variable, backend: TorchBackend): void {
  if (backend.refCount(variable.dataId) === 1) return;
  tf.tidy(() => variable.assign(tf.engine().makeTensorFromTensorInfo(backend.call(copy, [variable]))));
}
