import type { TorchBackend } from '../../engines/torch/backend.js';
import { operation } from '../../engines/torch/operation.js';
import type { Generator } from '../../random/generator.js';
import * as tf from '../../tf.js';
import type { Reduction } from '../reduction.js';

interface Attributes {
  places: number;
  ints: readonly number[] | undefined;
  numbers: readonly number[] | undefined;
}

/**
 * An operation of the torch engine, as a function of tensors that gives tensors. No gradient. It runs as a kernel of
 * tfjs, so that whoever watches the engine sees it.
 */
export function native(
  name: string,
): (
  inputs: readonly (tf.Tensor | undefined)[],
  ints?: readonly number[],
  numbers?: readonly number[],
) => tf.Tensor[] {
  const op = operation(name);
  const kernelName = `torch/${name}`;
  tf.registerKernel({
    kernelName,
    backendName: 'torch',
    kernelFunc({ inputs, attrs, backend }) {
      const { places, ints, numbers } = attrs as unknown as Attributes;
      const tensors: (tf.TensorInfo | undefined)[] = new Array(places);
      for (let i = 0; i < places; i++) tensors[i] = inputs[i];
      return (backend as TorchBackend).callAll(op, tensors, ints, numbers);
    },
  });
  return (inputs, ints, numbers) => {
    const given: tf.NamedTensorMap = {};
    inputs.forEach((input, i) => {
      if (input !== undefined) given[i] = input;
    });
    const attrs = { places: inputs.length, ints, numbers };
    return tf.engine().runKernel(kernelName, given, attrs as unknown as tf.NamedAttrMap) as tf.Tensor[];
  };
}

/** The native operation's numbers from `from` on are the generator's state, which it advanced: takes that over. */
export function advance(generator: Generator, from: number): void {
  const backend = tf.backend() as TorchBackend;
  generator.setState([0, 1, 2, 3].map((i) => backend.answer(from + i)));
}

/** Gives each result that was asked for the place of what asked for it. */
export function spread(needed: readonly boolean[], results: readonly tf.Tensor[]): (tf.Tensor | undefined)[] {
  let next = 0;
  return needed.map((isNeeded) => (isNeeded ? results[next++] : undefined));
}

/** As ATen numbers reductions. */
export const reductionCodes: Readonly<Record<Reduction, number>> = { none: 0, mean: 1, sum: 2 };
