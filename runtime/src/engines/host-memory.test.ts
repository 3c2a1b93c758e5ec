import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import './default.js';
import { hostView, ownHostView, peekHostView } from './host-memory.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});
afterEach(() => tf.disposeVariables());

describe('hostView', () => {
  test('is the memory of the tensor, not a copy', () => {
    const x = tf.variable(tf.tensor1d([1, 2, 3]));
    hostView(x)![1] = 20;
    expect([...x.dataSync()]).toEqual([1, 20, 3]);
  });

  test('has the array type of the dtype', () => {
    expect(hostView(tf.tensor1d([1], 'float32'))).toBeInstanceOf(Float32Array);
    expect(hostView(tf.tensor1d([1], 'int32'))).toBeInstanceOf(Int32Array);
    expect(hostView(tf.tensor1d([true], 'bool'))).toBeInstanceOf(Uint8Array);
  });

  test('is undefined for strings and complex numbers', () => {
    expect(hostView(tf.tensor1d(['a']))).toBeUndefined();
    expect(hostView(tf.complex([1], [2]))).toBeUndefined();
  });
});

describe('peekHostView', () => {
  test('is the memory of the tensor on cpu', () => {
    const x = tf.tensor1d([1, 2]);
    expect(peekHostView(x)).toBe(hostView(x));
  });

  test('lets the embedded engine reuse the memory of the tensor, which hostView does not', async () => {
    await tf.setBackend('ort');
    try {
      const make = () => tf.tidy(() => tf.ones([4096]).mul(2));
      const peeked = make();
      const memory = peekHostView(peeked);
      expect(memory![0]).toBe(2);
      peeked.dispose();
      const next = make();
      expect(peekHostView(next)).toBe(memory);
      hostView(next);
      next.dispose();
      const after = make();
      expect(peekHostView(after)).not.toBe(memory);
      after.dispose();
    } finally {
      await tf.setBackend('cpu');
    }
  });
});

describe('ownHostView', () => {
  test('leaves the array that the variable was made from alone', () => {
    const source = Float32Array.of(1, 2);
    const x = tf.variable(tf.tensor1d(source));
    ownHostView(x)![0] = 9;
    expect([...x.dataSync()]).toEqual([9, 2]);
    expect([...source]).toEqual([1, 2]);
  });

  test('leaves a clone alone', () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    ownHostView(x);
    const before = x.clone();
    ownHostView(x)![0] = 9;
    expect([...before.dataSync()]).toEqual([1, 2]);
    expect([...x.dataSync()]).toEqual([9, 2]);
  });

  test('copies once, then gives the same memory, and keeps the number of tensors', () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const tensors = tf.memory().numTensors;
    const view = ownHostView(x);
    expect(ownHostView(x)).toBe(view);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
