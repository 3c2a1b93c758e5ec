import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { backward } from './backward.js';
import { clearGrads, gradOf } from './gradients.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

const variables: tf.Variable[] = [];
const variable = (...values: number[]) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  variables.push(v);
  return v;
};
const values = (t: tf.Tensor | undefined) => (t === undefined ? undefined : [...t.dataSync()]);

afterEach(() => {
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

describe('backward', () => {
  test('returns the loss and accumulates the gradients of the parameters', () => {
    const v = variable(1, 2);
    const loss = backward(() => v.square().sum(), [v])!;
    expect(loss.dataSync()[0]).toBe(5);
    expect(values(gradOf(v))).toEqual([2, 4]);
    backward(() => v.square().sum(), [v])!.dispose();
    expect(values(gradOf(v))).toEqual([4, 8]);
    loss.dispose();
  });

  test('scales the gradients, not the loss', () => {
    const v = variable(3);
    const loss = backward(() => v.square().sum(), [v], 0.5)!;
    expect(loss.dataSync()[0]).toBe(9);
    expect(values(gradOf(v))).toEqual([3]);
    loss.dispose();
  });

  test('leaves parameters that the loss does not reach without a gradient', () => {
    const used = variable(1);
    const unused = variable(1);
    backward(() => used.sum(), [used, unused])!.dispose();
    expect(values(gradOf(used))).toEqual([1]);
    expect(gradOf(unused)).toBeUndefined();
  });

  test('gives no gradient for a constant loss', () => {
    const v = variable(1);
    backward(() => tf.scalar(2), [v])!.dispose();
    expect(gradOf(v)).toBeUndefined();
  });

  test('runs the end of forward before the backward pass', () => {
    const v = variable(1);
    const seen: unknown[] = [];
    const probe = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy) => {
        seen.push('backward');
        return dy;
      },
    }));
    const forward = () => {
      const loss = probe(v).sum() as tf.Scalar;
      seen.push('end of forward');
      return loss;
    };
    backward(forward, [v])!.dispose();
    expect(seen).toEqual(['end of forward', 'backward']);
  });

  test('skips the backward pass when there is no loss', () => {
    const v = variable(1);
    const tensors = tf.memory().numTensors;
    const forward = () => {
      v.square().sum();
      return undefined;
    };
    expect(backward(forward, [v])).toBeUndefined();
    expect(gradOf(v)).toBeUndefined();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('gives two parameters gradients of their own when the math gives them one', () => {
    const a = variable(1, 1);
    const b = variable(2, 2);
    const both = tf.customGrad((x, y) => ({
      value: tf.add(x as tf.Tensor, y as tf.Tensor),
      gradFunc: (dy) => [dy, dy],
    }));
    const forward = () => tf.add(both(a, b), a.add(b)).sum() as tf.Scalar;
    backward(forward, [a, b])!.dispose();
    backward(forward, [a, b])!.dispose();
    expect(values(gradOf(a))).toEqual([4, 4]);
    expect(values(gradOf(b))).toEqual([4, 4]);
  });

  test('works without parameters', () => {
    const tensors = tf.memory().numTensors;
    const loss = backward(() => tf.scalar(1), [])!;
    expect(loss.dataSync()[0]).toBe(1);
    loss.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('does not hand out a tensor that the caller keeps, nor a parameter', () => {
    const kept = tf.keep(tf.scalar(7));
    const v = tf.variable(tf.scalar(2));
    backward(() => kept, [v])!.dispose();
    backward(() => v as tf.Tensor as tf.Scalar, [v])!.dispose();
    expect(kept.dataSync()[0]).toBe(7);
    expect(v.dataSync()[0]).toBe(2);
    expect(values(gradOf(v))).toEqual([1]);
    clearGrads([v]);
    v.dispose();
    kept.dispose();
  });

  test('keeps the number of tensors from step to step', () => {
    const w = variable(1, 2, 3);
    const b = variable(0, 0, 0);
    const step = () => {
      backward(() => w.mul(w).add(b).relu().softmax().square().mean() as tf.Scalar, [w, b])!.dispose();
      clearGrads([w, b]);
      return tf.memory().numTensors;
    };
    const first = step();
    expect([step(), step(), step()]).toEqual([first, first, first]);
  });

  test('passes errors of the forward pass on and frees what it made', () => {
    const v = variable(1);
    const tensors = tf.memory().numTensors;
    const forward = (): tf.Scalar => {
      v.square().exp();
      throw new RangeError('in the model');
    };
    expect(() => backward(forward, [v])).toThrow(new RangeError('in the model'));
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('passes errors of the backward pass on and frees what it made', () => {
    const v = variable(1);
    const failing = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return {
        value: (x as tf.Tensor).clone(),
        gradFunc: () => {
          throw new RangeError('in the gradient');
        },
      };
    });
    const tensors = tf.memory().numTensors;
    expect(() => backward(() => failing(v).sum() as tf.Scalar, [v])).toThrow('in the gradient');
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test.each([
    ['a vector', () => tf.tensor1d([1, 2]), 'float32 tensor of shape [2]'],
    ['an integer', () => tf.scalar(1, 'int32'), 'int32 tensor'],
    ['a number', () => 1, 'a value of type number'],
    ['null', () => null, 'null'],
    ['a promise', async () => tf.scalar(1), 'a Promise'],
  ])('refuses %s as loss', (_, forward, message) => {
    const v = variable(1);
    expect(() => backward(forward as unknown as () => tf.Scalar, [v])).toThrowError(
      expect.objectContaining({ code: 'PL7001', message: expect.stringContaining(message) }),
    );
  });
});
