import * as tf from '../tf.js';
import { checkFloat, checkSetting } from './checks.js';
import { type Operation, runOperation } from './registry.js';

export interface GELUOptions {
  /** `none` uses the error function, `tanh` the approximation that GPT-2 uses. @default 'none' */
  approximate?: 'none' | 'tanh';
}

/**
 * Gaussian error linear unit, `x * Φ(x)`: Hendrycks & Gimpel, "Gaussian Error Linear Units" (2016).
 *
 * @throws PLError PL7101 unless x is float32, PL7103 for another approximation.
 */
export function gelu<T extends tf.Tensor>(x: T, { approximate = 'none' }: GELUOptions = {}): T {
  checkFloat('gelu: x', x);
  checkSetting(['none', 'tanh'].includes(approximate), 'gelu: approximate', "'none' or 'tanh'", approximate);
  const operation = approximate === 'tanh' ? geluTanhOperation : geluOperation;
  return runOperation(operation, [x], [], undefined) as T;
}

/** Inputs: x of any shape. */
export const geluOperation: Operation<undefined> = {
  name: 'gelu',

  forward([x]) {
    const cdf = x!.mul(Math.SQRT1_2).erf().add(1).mul(0.5);
    return { value: x!.mul(cdf), saved: { x, cdf } };
  },

  backward(dy, { x, cdf }) {
    const density = x!
      .square()
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return [dy.mul(cdf!.add(x!.mul(density)))];
  },
};

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** Inputs: x of any shape. */
export const geluTanhOperation: Operation<undefined> = {
  name: 'geluTanh',

  forward([x]) {
    const argument = x!.square().mul(CUBIC).add(1).mul(x!).mul(SQRT_2_OVER_PI);
    const cdf = argument.tanh().add(1).mul(0.5);
    return { value: x!.mul(cdf), saved: { x, cdf } };
  },

  backward(dy, { x, cdf }) {
    // d cdf / dx = 2 * cdf * (1 - cdf) * d argument / dx
    const slope = x!
      .square()
      .mul(3 * CUBIC)
      .add(1)
      .mul(2 * SQRT_2_OVER_PI);
    const density = cdf!.mul(tf.sub(1, cdf!)).mul(slope);
    return [dy.mul(cdf!.add(x!.mul(density)))];
  },
};
