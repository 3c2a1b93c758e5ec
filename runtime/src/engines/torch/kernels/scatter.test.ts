import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../../tf.js';
import { type DType, expectAsOnCpu, operand, small } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const types: DType[] = ['float32', 'int32', 'bool'];
const of = (type: DType, shape: number[], numbers?: fc.Arbitrary<number>) =>
  operand(type, fc.constant(shape), numbers);
const terms: Partial<Record<DType, fc.Arbitrary<number>>> = {
  float32: small,
  int32: fc.integer({ min: -99, max: 99 }),
};
/** What is added up. */
const sum = (type: DType, shape: number[]) => of(type, shape, terms[type]);
const indices = (shape: number[], min: number, max: number) => of('int32', shape, fc.integer({ min, max }));

/** Indices, often the same more than once, updates, and the shape they go to. */
const targets: { at: number[]; updates: number[]; shape: number[] }[] = [
  { at: [6, 1], updates: [6], shape: [3] },
  { at: [6, 1], updates: [6, 4], shape: [3, 4] },
  { at: [6, 2], updates: [6, 2], shape: [3, 3, 2] },
  { at: [2, 3, 2], updates: [2, 3], shape: [3, 3] },
  { at: [0, 1], updates: [0, 2], shape: [3, 2] },
];

describe.skipIf(addon === undefined)(`torch and cpu agree on scattering ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each(targets)('scatterND of $at to $shape', ({ at, updates, shape }) => {
    for (const type of ['float32', 'int32'] as const) {
      expectAsOnCpu(
        (at, updates) => tf.scatterND(at, updates, shape),
        fc.tuple(indices(at, 0, 2), sum(type, updates)),
      );
    }
  });

  // Tfjs's cpu writes into x itself, so it gets a copy.
  it.each(targets)('tensorScatterUpdate of $at to $shape: the last one stays', ({ at, updates, shape }) => {
    for (const type of types) {
      expectAsOnCpu(
        (x, at, updates) => tf.tensorScatterUpdate(tf.concat([x]), at, updates),
        fc.tuple(of(type, shape), indices(at, 0, 2), of(type, updates)),
      );
    }
  });

  it('tensorScatterUpdate leaves its operand alone', () => {
    tf.setBackend('torch');
    const x = tf.zeros([3]);
    tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor1d([5]));
    expect([...x.dataSync()]).toEqual([0, 0, 0]);
  });

  it('sparseToDense', () => {
    for (const type of ['float32', 'int32'] as const) {
      const fallback = of(type, []);
      expectAsOnCpu(
        (at, values, fallback) => tf.sparseToDense(at, values, [3, 3], fallback as tf.Scalar),
        fc.tuple(indices([4, 2], 0, 2), of(type, [4]), fallback),
      );
      expectAsOnCpu(
        (at, values, fallback) => tf.sparseToDense(at, values, [5], fallback as tf.Scalar),
        fc.tuple(indices([3], 0, 4), of(type, []), fallback),
      );
    }
  });

  it('refuses an index outside of the shape', () => {
    tf.setBackend('torch');
    for (const index of [-1, 3]) {
      const at = tf.tensor2d([[index]], [1, 1], 'int32');
      expect(() => tf.scatterND(at, tf.tensor1d([1]), [3])).toThrow(/Invalid indices/);
      expect(() => tf.tensorScatterUpdate(tf.zeros([3]), at, tf.tensor1d([1]))).toThrow(/Invalid indices/);
    }
  });

  it('unsortedSegmentSum, in which ids outside count nowhere', () => {
    for (const type of types) {
      for (const shape of [[6], [6, 3], [6, 2, 2]]) {
        const x = sum(type, shape);
        const add: Parameters<typeof expectAsOnCpu>[0] = (x, ids) =>
          tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 4);
        expectAsOnCpu(add, fc.tuple(x, indices([6], 0, 3)));
        expectAsOnCpu(add, fc.tuple(x, indices([6], -2, 5)));
      }
    }
  });

  it('the gradient of an embedding', () => {
    expectAsOnCpu(
      (weights, tokens, dy) => tf.grad((w: tf.Tensor) => tf.gather(w, tokens))(weights, dy),
      fc.tuple(sum('float32', [5, 3]), indices([2, 4], 0, 4), sum('float32', [2, 4, 3])),
    );
  });

  it.each([
    ['sum', tf.sparse.sparseSegmentSum],
    ['mean', tf.sparse.sparseSegmentMean],
  ])('sparse segment %s', (_, reduce) => {
    const ids = of('int32', [5], fc.integer({ min: 0, max: 6 })).map(({ values, ...rest }) => ({
      ...rest,
      values: values.sort((a, b) => a - b),
    }));
    for (const type of ['float32', 'int32'] as const) {
      expectAsOnCpu(
        (x, at, ids) => reduce(x, at as tf.Tensor1D, ids as tf.Tensor1D),
        fc.tuple(sum(type, [4, 3]), indices([5], 0, 3), ids),
      );
    }
  });

  it('bincount and denseBincount, with weights or without', () => {
    for (const type of ['float32', 'int32'] as const) {
      const weights = sum(type, [6]);
      const none = of(type, [0]);
      for (const given of [weights, none]) {
        expectAsOnCpu(
          (x, weights) => tf.bincount(x as tf.Tensor1D, weights as tf.Tensor1D, 4),
          fc.tuple(indices([6], 0, 6), given),
        );
        expectAsOnCpu(
          (x, weights) => tf.denseBincount(x as tf.Tensor1D, weights as tf.Tensor1D, 4),
          fc.tuple(indices([6], 0, 6), given),
        );
      }
      for (const binary of [false, true]) {
        expectAsOnCpu(
          (x, weights) => tf.denseBincount(x as tf.Tensor2D, weights as tf.Tensor2D, 4, binary),
          fc.tuple(indices([2, 5], 0, 6), sum(type, [2, 5])),
        );
      }
    }
    tf.setBackend('torch');
    expect(() => tf.bincount(tf.tensor1d([-1], 'int32'), tf.tensor1d([]), 2)).toThrow('must be non-negative');
  });
});
