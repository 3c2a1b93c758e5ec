import '@tensorflow/tfjs-backend-cpu';
import { expect, it } from 'vitest';
import * as tf from '../tf.js';
import { disposeBatch } from './dispose-batch.js';

it('disposes every tensor of a batch, however nested, once', () => {
  const before = tf.memory().numTensors;
  class Pair {
    constructor(
      readonly left: tf.Tensor,
      readonly right: unknown,
    ) {}
  }
  const shared = tf.ones([1]);
  const cyclic: { x: tf.Tensor; self?: unknown } = { x: tf.ones([1]) };
  cyclic.self = cyclic;
  disposeBatch([
    shared,
    { a: shared, b: [tf.ones([2])] },
    new Map([['k', tf.ones([1])]]),
    new Pair(tf.ones([1]), 'x'),
    cyclic,
  ]);
  for (const nothing of [null, undefined, 3, 'text', new Float32Array(2)]) disposeBatch(nothing);
  expect(tf.memory().numTensors).toBe(before);
});

it('leaves variables alone', () => {
  const weight = tf.variable(tf.ones([1]));
  disposeBatch({ weight });
  expect(weight.isDisposed).toBe(false);
  weight.dispose();
});
