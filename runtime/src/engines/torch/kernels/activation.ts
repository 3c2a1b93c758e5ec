import type * as tf from '../../../tf.js';

/** In the order of `Activation` in `activation.h`. */
const activations: readonly tf.backend_util.Activation[] = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'sigmoid',
  'leakyrelu',
  'prelu',
];

/** An activation that tfjs fuses into another kernel, as the addon numbers it. */
export function activationCode(activation: tf.backend_util.Activation | null | undefined): number {
  return activation == null ? 0 : activations.indexOf(activation);
}
