import { runningOperation } from '../engines/running-operation.js';
import * as tf from '../tf.js';

/** Tensors that the forward pass leaves for the backward pass, by name. */
export type Saved = Readonly<Record<string, tf.Tensor | undefined>>;

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
  /** The gradient for each of `inputs`, float32 and of the input's shape. */
  backward(dy: tf.Tensor, saved: Saved, attrs: Attrs): tf.Tensor[];
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

/** Runs an operation on the present engine: the engine's own version where there is one, else `operation`. */
export function runOperation<Attrs>(
  operation: Operation<Attrs>,
  inputs: tf.Tensor[],
  constants: readonly tf.Tensor[],
  attrs: Attrs,
): tf.Tensor {
  const chosen = (overrides.get(keyOf(operation.name, tf.getBackend())) ?? operation) as Operation<Attrs>;
  const onTape = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const { value, saved } = chosen.forward(args as tf.Tensor[], constants, attrs);
    const names = Object.keys(saved).filter((name) => saved[name] !== undefined);
    save(names.map((name) => saved[name]!));
    const byName = (kept: tf.Tensor[]): Saved => Object.fromEntries(names.map((name, i) => [name, kept[i]]));
    return { value, gradFunc: (dy, kept) => chosen.backward(dy, byName(kept), attrs) };
  });
  runningOperation.name = chosen.name;
  return onTape(...inputs);
}
