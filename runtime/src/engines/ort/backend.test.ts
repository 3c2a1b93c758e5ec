import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import { hostView } from '../host-memory.js';
import { noise, useUnlimitedOrt } from './against-cpu.test.kit.js';

beforeAll(() => useUnlimitedOrt());

describe('memory of the ort backend', () => {
  test('is used again after a tensor is disposed', () => {
    const x = noise(1000);
    const first = x.neg();
    first.dispose();
    const second = x.neg();
    const third = x.neg();
    expect(hostView(second)!.buffer).not.toBe(hostView(third)!.buffer);
    const view = hostView(third)!.buffer;
    third.dispose();
    // `third` was looked at, so its memory belongs to whoever looked.
    expect(hostView(x.neg())!.buffer).not.toBe(view);
    tf.dispose([x, second]);
  });

  test('stays with a user who has read it', () => {
    const x = noise(1000);
    const read = tf.tidy(() => x.neg().dataSync());
    const before = read[7];
    tf.tidy(() => x.mul(3).add(1).dataSync());
    expect(read[7]).toBe(before);
  });

  test('is not shared between a slice and its source', () => {
    const x = tf.variable(noise(10, 10));
    const row = x.slice([3, 0], [1, 10]);
    const before = [...row.dataSync()];
    hostView(x)!.fill(0);
    expect([...row.dataSync()]).toEqual(before);
  });

  test('is shared by a reshape and by a transpose that moves nothing', () => {
    const x = noise(4, 1, 3);
    expect(hostView(x.reshape([12]))).toBe(hostView(x));
    expect(hostView(x.transpose([1, 0, 2]))).toBe(hostView(x));
  });

  test('does not grow over many training steps', () => {
    const w = tf.variable(noise(32, 32));
    const x = noise(64, 32);
    const step = () =>
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => tf.matMul(x, w).relu().square().mean() as tf.Scalar, [w]);
        w.assign(w.sub(Object.values(grads)[0]!.mul(0.1)));
      });
    for (let i = 0; i < 200; i++) step();
    const tensors = tf.memory();
    const resident = process.memoryUsage().rss;
    for (let i = 0; i < 2000; i++) step();
    expect(tf.memory().numTensors).toBe(tensors.numTensors);
    expect(tf.memory().numDataBuffers).toBe(tensors.numDataBuffers);
    expect(process.memoryUsage().rss - resident).toBeLessThan(32 * 2 ** 20);
  });
});

describe('threads', () => {
  test('give the same results', async () => {
    const compute = () =>
      tf.tidy(() => {
        const x = noise(4, 9, 9, 3) as tf.Tensor4D;
        const filter = noise(3, 3, 3, 16) as tf.Tensor4D;
        const loss = (a: tf.Tensor, b: tf.Tensor) =>
          tf
            .conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same')
            .relu()
            .mean([1, 2])
            .matMul(noise(16, 5))
            .softmax()
            .log()
            .sum();
        const { value, grads } = tf.valueAndGrads(loss)([x, filter]);
        return [value, ...grads].map((t) => [...t.dataSync()]);
      });
    const one = compute();
    await useUnlimitedOrt(2);
    const two = compute();
    two.forEach((values, i) => {
      for (const [j, value] of values.entries()) expect(value).toBeCloseTo(one[i]![j]!, 4);
    });
  });

  test('reorder channels alike', async () => {
    const compute = () =>
      tf.tidy(() => [
        ...tf
          .conv2d(noise(2, 5, 6, 3) as tf.Tensor4D, noise(3, 3, 3, 32) as tf.Tensor4D, 1, 'same')
          .dataSync(),
      ]);
    await useUnlimitedOrt(1);
    const one = compute();
    await useUnlimitedOrt(2);
    expect(compute()).toEqual(one);
  });
});
