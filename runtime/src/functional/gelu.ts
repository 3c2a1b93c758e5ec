import type * as tf from '../tf.js';
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

// 0.5 * (1 + tanh(z)) is sigmoid(2 z), with z = sqrt(2 / π) * (x + 0.044715 x³).
const LINEAR = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = LINEAR * 0.044715;

/** Inputs: x of any shape. */
export const geluTanhOperation: Operation<undefined> = {
  name: 'geluTanh',

  forward([x]) {
    const cdf = x!.square().mul(CUBIC).add(LINEAR).mul(x!).sigmoid();
    return { value: x!.mul(cdf), saved: { x, cdf } };
  },

  backward(dy, { x, cdf }) {
    const slope = x!
      .square()
      .mul(3 * CUBIC)
      .add(LINEAR);
    const density = cdf!.sub(cdf!.square()).mul(slope);
    return [dy.mul(cdf!.add(x!.mul(density)))];
  },
};
