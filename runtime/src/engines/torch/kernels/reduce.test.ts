import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import * as tf from '../../../tf.js';
import { type DType, expectAsOnCpu, operand, small } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

type Reduction = (x: tf.Tensor, axis?: number[], keepDims?: boolean) => tf.Tensor;

const ofNumbers: Record<string, Reduction> = {
  max: tf.max,
  mean: tf.mean,
  min: tf.min,
  prod: tf.prod,
  sum: tf.sum,
};
const ofBools: Record<string, Reduction> = { all: tf.all, any: tf.any };

/** With axes without elements, and with none at all. */
const cases: { shape: number[]; axes?: number[] }[] = [
  { shape: [] },
  { shape: [5], axes: [0] },
  { shape: [3, 4] },
  { shape: [3, 4], axes: [0] },
  { shape: [2, 3, 4], axes: [1] },
  { shape: [2, 3, 4], axes: [0, -1] },
  { shape: [2, 0, 3], axes: [1] },
  { shape: [2, 0, 3], axes: [0] },
  { shape: [0] },
  { shape: [2, 1, 2, 1, 2, 3], axes: [5, 0] },
];

/** Some rows have NaN. */
const withNaN = fc.oneof({ arbitrary: small, weight: 9 }, { arbitrary: fc.constant(Number.NaN), weight: 1 });
const factors = fc.integer({ min: -3, max: 3 });

function expectReductionAsOnCpu(op: Reduction, type: DType, numbers?: fc.Arbitrary<number>): void {
  for (const { shape, axes } of cases) {
    for (const keepDims of [false, true]) {
      const x = operand(type, fc.constant(shape), numbers);
      expectAsOnCpu((x) => op(x, axes, keepDims), fc.tuple(x), { runs: 5, tolerance: 2e-5 });
    }
  }
}

describe.skipIf(addon === undefined)(`torch and cpu agree on reductions ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each(Object.entries(ofNumbers))('%s', (_, op) => {
    expectReductionAsOnCpu(op, 'float32', withNaN);
    expectReductionAsOnCpu(op, 'int32', factors);
    expectReductionAsOnCpu(op, 'bool');
  });
  it.each(Object.entries(ofBools))('%s', (_, op) => expectReductionAsOnCpu(op, 'bool'));
  it('sums of integers wrap', () => {
    expectReductionAsOnCpu(tf.sum, 'int32', fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 1, -1));
  });

  it.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['softmax', tf.softmax],
    ['logSoftmax', tf.logSoftmax],
    ['logSumExp', (x) => tf.logSumExp(x, -1)],
  ])('%s', (_, op) => {
    for (const shape of [[1], [4], [2, 3], [2, 1, 3, 2]]) {
      expectAsOnCpu(op, fc.tuple(operand('float32', fc.constant(shape), withNaN)));
    }
  });
});
