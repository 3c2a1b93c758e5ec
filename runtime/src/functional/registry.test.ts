import '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { type Operation, overrideOperation, runOperation } from './registry.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

/** x ↦ factor * x², with the square's gradient. */
const scaledSquare: Operation<{ factor: number }> = {
  name: 'test/scaledSquare',
  forward: ([x], [factor], attrs) => ({
    value: x!.square().mul(factor!).mul(attrs.factor),
    saved: { x, factor, unused: undefined },
  }),
  backward: (dy, { x, factor }, attrs) => [
    dy
      .mul(x!)
      .mul(factor!)
      .mul(2 * attrs.factor),
  ],
};
const run = (x: tf.Tensor) => runOperation(scaledSquare, [x], [tf.scalar(10)], { factor: 0.5 });
const gradient = (x: tf.Tensor) => tf.grad(run)(x);

const undo: (() => void)[] = [];
afterEach(() => {
  for (const takeBack of undo.splice(0)) takeBack();
});

describe('an operation', () => {
  test('has its own gradient, with what forward saved by name', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      expect([...run(x).dataSync()]).toEqual([5, 20]);
      expect([...gradient(x).dataSync()]).toEqual([10, 20]);
    });
  });

  test('keeps what it saved only until the backward pass', () => {
    const x = tf.tensor1d([1, 2]);
    const tensors = tf.memory().numTensors;
    tf.tidy(() => void gradient(x).dataSync());
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
  });
});

describe('an override', () => {
  const fused: Operation<{ factor: number }> = {
    ...scaledSquare,
    forward: ([x], _, { factor }) => ({ value: x!.mul(100 * factor), saved: {} }),
    backward: (dy, _, { factor }) => [dy.mul(100 * factor)],
  };

  test('takes the place of both passes on its engine, until it is taken back', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([3]);
      const takeBack = overrideOperation('cpu', fused);
      expect(run(x).dataSync()[0]).toBe(150);
      expect(gradient(x).dataSync()[0]).toBe(50);
      takeBack();
      expect(run(x).dataSync()[0]).toBe(45);
    });
  });

  test('leaves other engines alone', () => {
    undo.push(overrideOperation('elsewhere', fused));
    tf.tidy(() => {
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(45);
    });
  });

  test('can be laid over another one', () => {
    undo.push(overrideOperation('cpu', fused));
    const takeBack = overrideOperation('cpu', {
      ...fused,
      forward: ([x]) => ({ value: x!.neg(), saved: {} }),
    });
    tf.tidy(() => {
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(-3);
      takeBack();
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(150);
    });
  });
});
