import type * as tf from '../../../tf.js';
import type { TorchBackend } from '../backend.js';
import { operation } from '../operation.js';

/** The inputs of these names. */
export type Inputs<Names extends string> = Readonly<Record<Names, tf.TensorInfo>>;

/** A tfjs kernel on this engine. */
export type Kernel<
  Inputs extends object = tf.NamedTensorInfoMap,
  Attrs extends object = Record<string, never>,
  Result extends tf.TensorInfo | tf.TensorInfo[] = tf.TensorInfo,
> = (backend: TorchBackend, inputs: Inputs, attrs: Attrs) => Result;

// biome-ignore lint/suspicious/noExplicitAny: each kernel has inputs and attributes of its own
export type KernelTable = Readonly<Record<string, Kernel<any, any, tf.TensorInfo | tf.TensorInfo[]>>>;

/** A kernel that is one operation on the inputs of these names, without attributes. */
export function plain(name: string, ...inputNames: string[]): Kernel<Inputs<string>, object> {
  const op = operation(name);
  if (inputNames.length === 1) {
    const [only = ''] = inputNames;
    return (backend, inputs) => backend.call(op, [inputs[only]]);
  }
  return (backend, inputs) =>
    backend.call(
      op,
      inputNames.map((input) => inputs[input]),
    );
}
