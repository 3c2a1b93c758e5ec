import type * as tf from '../tf.js';
import { type Part, partsOf } from './parts.js';

/** Every tfjs variable that an object holds, in declaration order, by the path that leads to it (see `partsOf`). */
export function namedVariables(root: object): Map<string, tf.Variable> {
  return new Map(partsOf(root).flatMap(variablesBelow));
}

/** A part's variables by path; itself, if it is one. */
export function variablesBelow(part: Part): [path: string, variable: tf.Variable][] {
  return part.kind === 'variable' ? [[part.path, part.value]] : part.parts.flatMap(variablesBelow);
}
