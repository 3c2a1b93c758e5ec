import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { backward } from './backward.js';
import { clearGrads, gradOf } from './gradients.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Operations whose gradients ask for shapes alone, on x of shape [2,3]. */
const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  Add: (x) => x.add(x.sum(0)),
  Concat: (x) => tf.concat([x, x.square()], 1),
  ExpandDims: (x) => x.expandDims(1),
  Mean: (x) => x.mean(1),
  PadV2: (x) => tf.pad(x, [[1, 2] as [number, number], [0, 1] as [number, number]]),
  Reshape: (x) => x.reshape([3, 2]),
  Slice: (x) => tf.slice(x, [0, 1], [2, 2]),
  Sub: (x) => x.mean(1, true).sub(x),
  Sum: (x) => x.sum([0, 1]),
};

const weighted = (y: tf.Tensor) =>
  y
    .mul(tf.linspace(-1, 2, y.size).reshape(y.shape))
    .square()
    .sum() as tf.Scalar;

const input = () =>
  tf.variable(
    tf.tensor2d([
      [0.5, -1, 2],
      [3, 0.25, -4],
    ]),
  );

describe('gradients with a light tape', () => {
  test.each(Object.entries(operations))('%s has the gradient that tfjs computes', (_, operation) => {
    const x = input();
    const expected = tf.grad((v: tf.Tensor) => weighted(operation(v)))(x);
    backward(() => weighted(operation(x)), [x])!.dispose();
    expect([...gradOf(x)!.dataSync()]).toEqual([...expected.dataSync()]);
    clearGrads([x]);
    x.dispose();
  });

  test.each(Object.entries(operations))('%s can be differentiated twice', (_, operation) => {
    const x = input();
    const gradient = tf.grad((v: tf.Tensor) => weighted(operation(v).square()));
    const loss = (v: tf.Tensor) => gradient(v).square().sum() as tf.Scalar;
    const expected = tf.grad(loss)(x).dataSync();
    backward(() => loss(x), [x])!.dispose();
    const got = gradOf(x)!.dataSync();
    expected.forEach((value, i) => {
      expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(1e-5 * Math.abs(value));
    });
    clearGrads([x]);
    x.dispose();
  });
});

test('a step leaves no tensor behind, and frees the activations before it ends', () => {
  const w = tf.variable(tf.ones([64, 64]));
  const run = () => {
    backward(() => {
      let h: tf.Tensor = tf.ones([64, 64]);
      for (let layer = 0; layer < 4; layer++) h = h.matMul(w).relu();
      return h.mean() as tf.Scalar;
    }, [w])!.dispose();
    clearGrads([w]);
  };
  run();
  const { numTensors } = tf.memory();
  run();
  expect(tf.memory().numTensors).toBe(numTensors);
  w.dispose();
});
