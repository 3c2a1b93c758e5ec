import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { clipByGlobalNorm } from './clip-by-global-norm.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

describe('clipByGlobalNorm', () => {
  test('scales all tensors by the factor that their common norm needs', () => {
    tf.tidy(() => {
      const { clipped, norm } = clipByGlobalNorm([tf.tensor1d([3, 0]), tf.tensor2d([[4]])], 1);
      expect(norm).toBe(5);
      expect(clipped[0]!.dataSync()[0]).toBeCloseTo(0.6, 6);
      expect(clipped[1]!.dataSync()[0]).toBeCloseTo(0.8, 6);
    });
  });

  test('gives copies of tensors whose norm is within the limit', () => {
    tf.tidy(() => {
      const t = tf.tensor1d([3, 4]);
      const { clipped } = clipByGlobalNorm([t], 10);
      expect([...clipped[0]!.dataSync()]).toEqual([3, 4]);
      expect(clipped[0]).not.toBe(t);
    });
  });

  test('refuses a negative limit', () => {
    expect(() => clipByGlobalNorm([], -1)).toThrowError(expect.objectContaining({ code: 'PL7103' }));
  });
});
