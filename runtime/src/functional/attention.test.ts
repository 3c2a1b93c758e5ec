import { beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../random/generator.js';
import * as tf from '../tf.js';
import { scaledDotProductAttention } from './attention.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

describe('scaledDotProductAttention', () => {
  test('with dropout uses the same attention weights in both passes', () => {
    tf.tidy(() => {
      // One key and value 1 each: the output is the dropout factor of the only attention weight.
      const [query, key] = [tf.ones([64, 1, 2]), tf.ones([64, 1, 2])];
      const attend = (generator: Generator) => (value: tf.Tensor) =>
        scaledDotProductAttention(query, key, value, { dropoutP: 0.5, generator });
      const value = tf.ones([64, 1, 1]);
      const factors = [...attend(new Generator(1))(value).dataSync()];
      expect(new Set(factors)).toEqual(new Set([0, 2]));
      expect([
        ...tf
          .grad(attend(new Generator(1)))(value)
          .dataSync(),
      ]).toEqual(factors);
    });
  });

  test('combines a causal mask with a padding mask', () => {
    tf.tidy(() => {
      const [query, key] = [tf.zeros([3, 1]), tf.zeros([3, 1])];
      const value = tf.tensor2d([[1], [2], [4]]);
      const attnMask = tf.tensor2d([[true, false, true]], [1, 3], 'bool');
      const out = scaledDotProductAttention(query, key, value, { isCausal: true, attnMask });
      expect([...out.dataSync()]).toEqual([1, 1, 2.5]);
    });
  });

  test('leaves one tensor behind', () => {
    const qkv = tf.ones([2, 3, 4]);
    const tensors = tf.memory().numTensors;
    const out = scaledDotProductAttention(qkv, qkv, qkv, { isCausal: true });
    expect(tf.memory().numTensors).toBe(tensors + 1);
    tf.dispose([qkv, out]);
  });
});
