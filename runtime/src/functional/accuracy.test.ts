import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { accuracy } from './accuracy.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

describe('accuracy', () => {
  test('is the fraction of labels that have the largest logit', () => {
    tf.tidy(() => {
      const logits = tf.tensor2d([
        [1, 2, 0],
        [3, 2, 1],
        [0, 1, 5],
        [9, 0, 0],
      ]);
      expect(accuracy(logits, tf.tensor1d([1, 0, 0, 2], 'int32')).dataSync()[0]).toBe(0.5);
    });
  });

  test('counts every position of a sequence', () => {
    tf.tidy(() => {
      const logits = tf.tensor3d([0, 1, 1, 0, 1, 0, 1, 0], [2, 2, 2]);
      const labels = tf.tensor2d([1, 0, 1, 0], [2, 2], 'int32');
      expect(accuracy(logits, labels).dataSync()[0]).toBe(0.75);
    });
  });

  test('leaves one tensor behind', () => {
    const logits = tf.ones([3, 2]);
    const labels = tf.zeros([3], 'int32');
    const tensors = tf.memory().numTensors;
    const result = accuracy(logits, labels);
    expect(tf.memory().numTensors).toBe(tensors + 1);
    tf.dispose([logits, labels, result]);
  });

  test('refuses one-hot labels', () => {
    tf.tidy(() => {
      expect(() => accuracy(tf.ones([3, 2]), tf.ones([3, 2], 'int32'))).toThrowError(
        expect.objectContaining({ code: 'PL7101' }),
      );
    });
  });
});
