import type { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import { checkFloat, checkSetting } from './checks.js';
import { type Operation, runOperation } from './registry.js';

export interface DropoutOptions {
  /** Probability of an element to become 0. @default 0.5 */
  p?: number;
  /** Outside of training x is returned as it is. @default true */
  training?: boolean;
  /** Where the mask comes from; its state belongs into checkpoints. @default globalGenerator() */
  generator?: Generator;
}

/**
 * Sets elements to 0 at random and scales the others by `1 / (1 - p)`: Srivastava et al., "Dropout" (2014). The
 * same generator state gives the same mask on every engine; one 32-bit draw per element, in row-major order.
 *
 * @throws PLError PL7101 unless x is float32, PL7103 unless p is from 0 to 1.
 */
export function dropout<T extends tf.Tensor>(
  x: T,
  { p = 0.5, training = true, generator = globalGenerator() }: DropoutOptions = {},
): T {
  checkFloat('dropout: x', x);
  checkSetting(p >= 0 && p <= 1, 'dropout: p', 'a number from 0 to 1', p);
  if (!training || p === 0) return x.clone();
  return runOperation(dropoutOperation, [x], [], { p, generator }) as T;
}

/** Zeros with probability p, `1 / (1 - p)` elsewhere. */
export function dropoutMask(shape: number[], p: number, generator: Generator): tf.Tensor {
  const draws = new Uint32Array(tf.util.sizeFromShape(shape));
  generator.fillUint32(draws);
  const threshold = p * 2 ** 32;
  // Looked up rather than branched on: a branch that goes either way at random costs five times as much.
  const factors = Float32Array.of(0, 1 / (1 - p));
  const mask = new Float32Array(draws.length);
  for (let i = 0; i < mask.length; i++) mask[i] = factors[Number(draws[i]! >= threshold)]!;
  return tf.tensor(mask, shape, 'float32');
}

export interface DropoutAttrs {
  p: number;
  /** To be advanced by one draw per element. */
  generator: Generator;
}

/** Inputs: x of any shape. */
export const dropoutOperation: Operation<DropoutAttrs> = {
  name: 'dropout',

  forward([x], _, { p, generator }) {
    const mask = dropoutMask(x!.shape, p, generator);
    return { value: x!.mul(mask), saved: { mask } };
  },

  backward(dy, { mask }) {
    return [dy.mul(mask!)];
  },
};
