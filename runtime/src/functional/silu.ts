import * as tf from '../tf.js';
import { checkFloat } from './checks.js';
import { type Operation, runOperation } from './registry.js';

/**
 * Sigmoid linear unit, `x * sigmoid(x)`, also called swish: Elfwing, Uchibe & Doya, "Sigmoid-Weighted Linear Units"
 * (2018).
 *
 * @throws PLError PL7101 unless x is float32.
 */
export function silu<T extends tf.Tensor>(x: T): T {
  checkFloat('silu: x', x);
  return runOperation(siluOperation, [x], [], undefined) as T;
}

/** Inputs: x of any shape. */
export const siluOperation: Operation<undefined> = {
  name: 'silu',

  forward([x]) {
    const gate = x!.sigmoid();
    return { value: x!.mul(gate), saved: { x, gate } };
  },

  backward(dy, { x, gate }) {
    return [dy.mul(gate!).mul(tf.sub(1, gate!).mul(x!).add(1))];
  },
};
