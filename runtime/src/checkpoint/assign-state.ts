import * as tf from '../tf.js';
import type { Checkpoint } from './checkpoint.js';
import { compareState } from './compare-state.js';

/**
 * Gives a model's variables the values that a checkpoint holds; none of them changes when the two do not fit.
 *
 * @param options.strict false leaves variables alone that the checkpoint lacks, and tensors that the model lacks
 * @throws PLError PL3011 when names, shapes or types differ
 */
export function assignState(
  variables: ReadonlyMap<string, tf.Variable>,
  { stateDict }: Checkpoint,
  file: string,
  { strict = true }: { strict?: boolean } = {},
): void {
  compareState(variables, stateDict, file, { strict });
  for (const [name, { shape, dtype, data }] of stateDict) {
    const value = tf.tensor(data, shape, dtype);
    variables.get(name)?.assign(value);
    value.dispose();
  }
}
