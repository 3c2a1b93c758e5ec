import { beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import * as tf from '../tf.js';
import { crossEntropy } from './cross-entropy.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

describe('crossEntropy', () => {
  test('is NaN when every label is ignored', () => {
    expect(crossEntropy(tf.zeros([2, 3]), tf.tensor1d([-100, -100], 'int32')).dataSync()[0]).toBeNaN();
  });

  test('leaves nothing behind but its value', () => {
    const logits = tf.randomNormal([4, 3], 0, 1, 'float32', 1);
    const labels = tf.tensor1d([0, 1, -100, 2], 'int32');
    const tensors = tf.memory().numTensors;
    const loss = crossEntropy(logits, labels, { labelSmoothing: 0.1 });
    expect(tf.memory().numTensors).toBe(tensors + 1);
    tf.dispose([loss, logits, labels]);
  });

  test.each([
    ['one-hot labels', [2, 3], tf.zeros([2, 3], 'int32'), 'argMax'],
    ['labels of another type', [2, 3], tf.zeros([2]), 'toInt'],
    ['another number of labels', [2, 3], tf.zeros([3], 'int32'), 'int32 [2]'],
  ])('refuses %s', (_, shape, labels, told) => {
    const logits = tf.zeros(shape);
    const failure = (() => {
      try {
        crossEntropy(logits, labels);
      } catch (error) {
        return error as { code: string; format(): string };
      }
    })();
    expect(failure?.code).toBe('PL7101');
    expect(failure?.format()).toContain(told);
  });

  test('refuses integer logits and a weight of another length', () => {
    const labels = tf.zeros([2], 'int32');
    expect(() => crossEntropy(tf.zeros([2, 3], 'int32'), labels)).toThrow('logits must be float32');
    expect(() => crossEntropy(tf.zeros([2, 3]), labels, { weight: tf.tensor1d([1, 2]) })).toThrow('weight');
  });

  test('names a label out of range and its place', () => {
    const labels = tf.tensor1d([0, 3], 'int32');
    expect(() => crossEntropy(tf.zeros([2, 3]), labels)).toThrowError(
      expect.objectContaining({ code: 'PL7102', message: expect.stringContaining('label 3 at position 1') }),
    );
    expect(() => crossEntropy(tf.zeros([2, 4]), tf.tensor1d([0, -1], 'int32'))).toThrow('label -1');
  });

  test('refuses label smoothing above 1', () => {
    expect(() =>
      crossEntropy(tf.zeros([1, 2]), tf.zeros([1], 'int32'), { labelSmoothing: 1.5 }),
    ).toThrowError(expect.objectContaining({ code: 'PL7103' }));
  });

  test('gives small and large batches the same loss and gradient, whichever way is faster for them', async () => {
    await tf.setBackend('ort');
    try {
      tf.tidy(() => {
        // Above the size that one loop in JavaScript suits, made of copies of a batch below it.
        const [n, classes, copies] = [64, 50, 8];
        const small = tf.randomNormal([n, classes], 0, 3, 'float32', 7);
        const labels = tf.randomUniformInt([n], 0, classes, 11);
        const weight = tf.linspace(0.5, 2, classes);
        const both = (logits: tf.Tensor, y: tf.Tensor) =>
          tf.valueAndGrad((x) => crossEntropy(x, y, { labelSmoothing: 0.1, ignoreIndex: 3, weight }))(logits);
        const one = both(small, labels);
        const many = both(small.tile([copies, 1]), labels.tile([copies]));
        expect(many.value.dataSync()[0]).toBeCloseTo(one.value.dataSync()[0]!, 5);
        const difference = many.grad.slice([0, 0], [n, classes]).mul(copies).sub(one.grad).abs().max();
        expect(difference.dataSync()[0]).toBeLessThan(1e-7);
      });
    } finally {
      await tf.setBackend('cpu');
    }
  });
});
