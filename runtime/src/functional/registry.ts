import { runningOperation } from '../engines/running-operation.js';
import * as tf from '../tf.js';
import { onTape, recordsGradients, type Saved } from './on-tape.js';

export type { Saved } from './on-tape.js';

/**
 * A training operation with a gradient of its own.
 *
 * `inputs` are the tensors that get a gradient, `constants` those that do not (labels, masks), `attrs` plain
 * settings. Both passes run inside a tidy scope; only what they return outlives them.
 */
export interface Operation<Attrs> {
  readonly name: string;
  forward(
    inputs: readonly tf.Tensor[],
    constants: readonly tf.Tensor[],
    attrs: Attrs,
  ): { value: tf.Tensor; saved: Saved };
  /**
   * The gradient for each of `inputs`, float32 and of the input's shape. It may leave out those that are not `needed`:
   * of data, of parameters that do not train.
   */
  backward(dy: tf.Tensor, saved: Saved, attrs: Attrs, needed: readonly boolean[]): (tf.Tensor | undefined)[];
}

const overrides = new Map<string, Operation<unknown>>();
const keyOf = (name: string, backendName: string) => `${backendName}/${name}`;

/**
 * Lets an engine replace an operation, for example by one fused kernel. The replacement gets the same inputs,
 * constants and settings, and may save what it likes.
 *
 * @returns a function that takes the replacement back.
 */
export function overrideOperation<Attrs>(backendName: string, operation: Operation<Attrs>): () => void {
  const key = keyOf(operation.name, backendName);
  const previous = overrides.get(key);
  overrides.set(key, operation as Operation<unknown>);
  return () => {
    if (previous === undefined) overrides.delete(key);
    else overrides.set(key, previous);
  };
}

/** Those of the tensors that are there. */
export function present(...tensors: readonly (tf.Tensor | undefined)[]): tf.Tensor[] {
  return tensors.filter((tensor) => tensor !== undefined);
}

/**
 * Runs an operation on the present engine: the engine's own version where there is one, else `operation`.
 *
 * Inside of a gradient of a gradient it is the composition that runs, on the tape kernel by kernel: what an operation
 * saves and how it computes its gradient has no derivative of its own.
 */
export function runOperation<Attrs>(
  operation: Operation<Attrs>,
  inputs: tf.Tensor[],
  constants: readonly tf.Tensor[],
  attrs: Attrs,
): tf.Tensor {
  if (recordsGradients()) return tf.tidy(() => operation.forward(inputs, constants, attrs).value);
  const chosen = (overrides.get(keyOf(operation.name, tf.getBackend())) ?? operation) as Operation<Attrs>;
  runningOperation.name = chosen.name;
  return onTape(
    inputs,
    () => chosen.forward(inputs, constants, attrs),
    (dy, saved, needed) => chosen.backward(dy, saved, attrs, needed),
  );
}
