import type * as tf from '../tf.js';
import type { Optimizer } from './optimizer.js';

/** What an optimizer updates: the parameters of all its groups, in their order. */
export function paramsOf({ paramGroups }: Pick<Optimizer, 'paramGroups'>): tf.Variable[] {
  return paramGroups.flatMap(({ params }) => params);
}
