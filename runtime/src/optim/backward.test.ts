import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { backward, backwardBy, propagate } from './backward.js';
import { clearGrads, gradOf } from './gradients.js';
import { withTape } from './tape.js';

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

describe('backwardBy', () => {
  test('with the loss does as backward', () => {
    const [v, w] = [variable(1, 2), variable(1, 2)];
    const loss = backwardBy(
      () => v.square().sum(),
      [v],
      0.5,
      (own, propagateLoss) => propagateLoss(own),
    )!;
    const same = backward(() => w.square().sum(), [w], 0.5)!;
    expect(values(loss)).toEqual(values(same));
    expect(values(gradOf(v))).toEqual(values(gradOf(w)));
    loss.dispose();
    same.dispose();
  });

  test('adds up whatever losses are propagated', () => {
    const v = variable(3);
    const loss = backwardBy(
      () => v.square().sum(),
      [v],
      1,
      (own, propagateLoss) => {
        propagateLoss(own.mul(10));
        propagateLoss(v.sum());
      },
    )!;
    expect(values(loss)).toEqual([9]);
    expect(values(gradOf(v))).toEqual([61]);
    loss.dispose();
  });

  test('leaves no gradient where nothing is propagated, or there is no loss', () => {
    const v = variable(3);
    backwardBy(
      () => v.square().sum(),
      [v],
      1,
      () => {},
    )!.dispose();
    const none = backwardBy(
      () => undefined,
      [v],
      1,
      () => {
        throw new Error('called without a loss');
      },
    );
    expect(none).toBeUndefined();
    expect(gradOf(v)).toBeUndefined();
  });

  test('keeps the number of tensors from step to step, also when a step fails', () => {
    const v = variable(1, 2);
    const step = (fails: boolean) => {
      const run = () =>
        backwardBy(
          () => v.square().mul(3).sum(),
          [v],
          1,
          (own, propagateLoss) => {
            propagateLoss(own.mul(2));
            if (fails) throw new Error('in the backward pass');
          },
        );
      if (fails) expect(run).toThrow('in the backward pass');
      else run()!.dispose();
      return tf.memory().numTensors;
    };
    const before = step(false);
    expect([step(false), step(true), step(false)]).toEqual([before, before, before]);
  });

  test('refuses a loss that is no scalar', () => {
    const v = variable(1, 2);
    expect(() =>
      backwardBy(
        () => v.square() as never,
        [v],
        1,
        () => {},
      ),
    ).toThrow(/float32 scalar/);
  });
});

test('parameters are told one by one, the last used first, each with its whole gradient', () => {
  const [early, shared, late, apart] = [variable(2), variable(3), variable(5), variable(7)];
  const told: [tf.Variable, number[] | undefined, number][] = [];
  const forward = () => early.mul(shared).add(shared).mul(late).sum() as tf.Scalar;
  const slots = () => [early, shared, late].filter((v) => gradOf(v) !== undefined).length;
  backward(forward, [early, shared, late, apart], 1, (v) => told.push([v, values(gradOf(v)), slots()]));
  expect(told[0]).toEqual([late, [9], 1]);
  expect(told).toContainEqual([shared, [15], expect.any(Number)]);
  expect(told).toContainEqual([early, [15], expect.any(Number)]);
  expect(told).toHaveLength(3);
});

test('propagate works wherever a tape records', () => {
  const v = variable(2);
  withTape(() => {
    tf.tidy(() => {
      const square = v.square().sum() as tf.Scalar;
      propagate(square, [v]);
      propagate(square.mul(2), [v]);
    });
  });
  expect(values(gradOf(v))).toEqual([12]);
});
