import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise, useUnlimitedOrt } from '../against-cpu.test.kit.js';
import type { OrtBackend } from '../backend.js';
import { PairsGradientPlan } from './max-pool-pairs.js';

let backend: OrtBackend;
beforeAll(async () => {
  backend = await useUnlimitedOrt();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Rounded, so that windows have several maxima, and some have none above 0. */
const image = () => noise(2, 6, 8, 5).mul(2).round();
const pool = (x: tf.Tensor) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
const weighted = (y: tf.Tensor) => y.mul(noise(...y.shape).add(2)).sum();

describe('the gradient of ReLU', () => {
  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['alone', (x) => x.relu()],
    ['before a max pool', (x) => pool(x.relu())],
    ['after a max pool', (x) => pool(x).relu()],
    ['before a max pool and something else', (x) => pool(x.relu()).square().sum().add(x.relu().sum())],
    [
      'whose result has two readers',
      (x) => {
        const y = x.relu();
        return pool(y).sum().add(y.square().sum());
      },
    ],
    ['in a larger expression', (x) => x.step().mul(x).sub(x.square().mul(x.step()))],
    ['broadcast', (x) => x.mul(x.mean(0, true).step())],
  ])('is that of cpu: %s', async (_, f) => {
    await expectAsOnCpu(() => tf.grad((x) => weighted(f(x)))(image()));
  });

  test('is that of cpu for a convolution with a max pool', async () => {
    const filter = noise(3, 3, 5, 16) as tf.Tensor4D;
    const loss = (x: tf.Tensor) =>
      pool(
        tf
          .conv2d(x as tf.Tensor4D, filter, 1, 'same')
          .add(noise(16))
          .relu(),
      );
    const run = vi.spyOn(PairsGradientPlan.prototype, 'runThroughRelu');
    await expectAsOnCpu(() => tf.grad((x) => weighted(loss(x)))(image()), 1e-4);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('goes to the first of several maxima of a ReLU', () => {
    const x = tf.tensor4d([3, 3, 3, 1, 0, 0, 0, -1, 1, 2, 2, 0, -1, 4, -2, 4], [1, 2, 8, 1]);
    const filter = tf.ones([1, 1, 1, 16]) as tf.Tensor4D;
    const identity = tf.tensor4d([1], [1, 1, 1, 1]);
    for (const weights of [identity, filter]) {
      const gradient = tf.grad((a) => pool(tf.conv2d(a as tf.Tensor4D, weights, 1, 'same').relu()).sum())(x);
      const channels = weights.size;
      const wanted = [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1].map((value) => value * channels);
      expect([...gradient.dataSync()]).toEqual(wanted);
    }
  });

  test('is not asked for more than it is: the steps of a tensor that has a plan are its own', () => {
    const x = image();
    const steps = x.step();
    expect(backend.planOf(steps)).toBeDefined();
    expect([...steps.dataSync()]).toEqual([...x.dataSync()].map((value) => (value > 0 ? 1 : 0)));
    expect(backend.planOf(steps)).toBeUndefined();
  });

  test('takes numbers that are not', async () => {
    const special = [0, -0, 1, -1, 1e-40, -1e-40, Infinity, -Infinity, NaN, 3, -3, 1e-30];
    await expectAsOnCpu(() => {
      const x = tf.tensor1d(special);
      return [x.step(), tf.grad((a) => a.relu())(x, noise(12)), noise(12).mul(x.step())];
    });
  });
});
