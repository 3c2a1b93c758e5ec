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

/** Those of an object's variables that an optimizer is to train, as `namedVariables` has them. */
export function namedParameters(root: object): Map<string, tf.Variable> {
  return new Map(partsOf(root).flatMap(parametersBelow));
}

/**
 * A part's trainable variables by path. tfjs sets the flags of the weights when `trainable` of a built layer is
 * assigned, but not when the layer is made with `trainable: false`.
 */
export function parametersBelow(part: Part): [path: string, variable: tf.Variable][] {
  const { kind, value } = part;
  if (kind === 'variable') return value.trainable && value.dtype === 'float32' ? [[part.path, value]] : [];
  if (kind !== 'group' && !value.trainable) return [];
  return part.parts.flatMap(parametersBelow);
}
