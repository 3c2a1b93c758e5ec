import '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { type Operation, overrideOperation, runOperation, type Saved } from './registry.js';
import { rmsNorm } from './rms-norm.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

/** x ↦ factor * x², with the square's gradient. */
const scaledSquare: Operation<{ factor: number }> = {
  name: 'test/scaledSquare',
  forward: ([x], [factor], attrs) => ({
    value: x!.square().mul(factor!).mul(attrs.factor),
    saved: { x, factor, unused: undefined },
  }),
  backward: (dy, { x, factor }, attrs) => [
    dy
      .mul(x!)
      .mul(factor!)
      .mul(2 * attrs.factor),
  ],
};
const run = (x: tf.Tensor) => runOperation(scaledSquare, [x], [tf.scalar(10)], { factor: 0.5 });
const gradient = (x: tf.Tensor) => tf.grad(run)(x);

const undo: (() => void)[] = [];
afterEach(() => {
  for (const takeBack of undo.splice(0)) takeBack();
});

describe('an operation', () => {
  test('has its own gradient, with what forward saved by name', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      expect([...run(x).dataSync()]).toEqual([5, 20]);
      expect([...gradient(x).dataSync()]).toEqual([10, 20]);
    });
  });

  test('keeps what it saved only until the backward pass', () => {
    const x = tf.tensor1d([1, 2]);
    const tensors = tf.memory().numTensors;
    tf.tidy(() => void gradient(x).dataSync());
    expect(tf.memory().numTensors).toBe(tensors);
    x.dispose();
  });
});

/** x · y, which notes what its backward pass is told. */
const product = (
  name: string,
  note: (saved: Saved, needed: readonly boolean[]) => void,
): Operation<undefined> => ({
  name: `test/${name}`,
  forward: ([x, y]) => ({ value: x!.mul(y!), saved: { x, y, fresh: x!.add(1) } }),
  backward: (dy, saved, _, needed) => {
    note(saved, needed);
    return [dy.mul(saved.y!), dy.mul(saved.x!)];
  },
});

describe('the tape', () => {
  test('tells the backward pass which gradients are needed', () => {
    tf.tidy(() => {
      const [x, y] = [tf.scalar(2), tf.scalar(3)];
      const told: (readonly boolean[])[] = [];
      const operation = product('needed', (_, needed) => told.push(needed));
      const f = (x: tf.Tensor, y: tf.Tensor) => runOperation(operation, [x, y], [], undefined);
      expect(
        tf
          .grad((x) => f(x, y))(x)
          .dataSync()[0],
      ).toBe(3);
      expect(
        tf
          .grad((y) => f(x, y))(y)
          .dataSync()[0],
      ).toBe(2);
      tf.grads(f)([x, y]);
      expect(told).toEqual([
        [true, false],
        [false, true],
        [true, true],
      ]);
    });
  });

  test('keeps inputs that the forward pass disposed, and frees what was saved once it is used', () => {
    tf.tidy(() => {
      const later: Saved[] = [];
      const first = product('first', () => {
        expect(Object.values(later[0]!).map((tensor) => tensor!.isDisposed)).toEqual([true, true, true]);
      });
      const second = product('second', (saved) => later.push(saved));
      const x = tf.scalar(5);
      const slope = tf.grad((x) => {
        const [two, three] = [tf.scalar(2), tf.scalar(3)];
        const inner = runOperation(first, [x, two], [], undefined);
        const outer = runOperation(second, [inner, three], [], undefined);
        tf.dispose([two, three, inner]);
        return outer;
      })(x);
      expect(slope.dataSync()[0]).toBe(6);
      expect(later).toHaveLength(1);
      expect(x.isDisposed).toBe(false);
    });
  });

  test('records the composition where the gradient has a gradient', () => {
    tf.tidy(() => {
      // One element x by itself: x (x² + 1)^(-1/2), whose second derivative is -3 x (x² + 1)^(-5/2).
      const slope = tf.grad((x) => rmsNorm(x, [1], { eps: 1 }));
      const curvature = tf.grad((x) => slope(x).sum());
      const at = [0, 0.5, 3];
      const expected = at.map((x) => -3 * x * (x * x + 1) ** -2.5);
      const values = curvature(tf.tensor2d(at, [3, 1])).dataSync();
      expected.forEach((want, i) => {
        expect(values[i]).toBeCloseTo(want, 6);
      });
    });
  });
});

describe('an override', () => {
  const fused: Operation<{ factor: number }> = {
    ...scaledSquare,
    forward: ([x], _, { factor }) => ({ value: x!.mul(100 * factor), saved: {} }),
    backward: (dy, _, { factor }) => [dy.mul(100 * factor)],
  };

  test('takes the place of both passes on its engine, until it is taken back', () => {
    tf.tidy(() => {
      const x = tf.tensor1d([3]);
      const takeBack = overrideOperation('cpu', fused);
      expect(run(x).dataSync()[0]).toBe(150);
      expect(gradient(x).dataSync()[0]).toBe(50);
      takeBack();
      expect(run(x).dataSync()[0]).toBe(45);
    });
  });

  test('leaves other engines alone', () => {
    undo.push(overrideOperation('elsewhere', fused));
    tf.tidy(() => {
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(45);
    });
  });

  test('can be laid over another one', () => {
    undo.push(overrideOperation('cpu', fused));
    const takeBack = overrideOperation('cpu', {
      ...fused,
      forward: ([x]) => ({ value: x!.neg(), saved: {} }),
    });
    tf.tidy(() => {
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(-3);
      takeBack();
      expect(run(tf.tensor1d([3])).dataSync()[0]).toBe(150);
    });
  });
});
