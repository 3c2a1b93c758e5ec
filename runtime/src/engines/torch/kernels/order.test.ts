import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import * as tf from '../../../tf.js';
import { type DType, expectAsOnCpu, operand, small } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const few = fc.integer({ min: -2, max: 2 });
const withNaN = fc.oneof(
  few,
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const numbers: Partial<Record<DType, fc.Arbitrary<number>>> = { float32: few, int32: few };
const types: DType[] = ['float32', 'int32', 'bool'];
const cases: { shape: number[]; axis: number }[] = [
  { shape: [6], axis: 0 },
  { shape: [3, 4], axis: 0 },
  { shape: [3, 4], axis: 1 },
  { shape: [2, 3, 4], axis: 1 },
  { shape: [2, 0], axis: 0 },
];
const of = (type: DType, shape: number[], values = numbers[type]) =>
  operand(type, fc.constant(shape), values);

describe.skipIf(addon === undefined)(`torch and cpu agree on orders ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each([
    ['argMax', tf.argMax],
    ['argMin', tf.argMin],
  ])('%s: the first of equal ones, and NaN passed over', (_, op) => {
    for (const { shape, axis } of [...cases, { shape: [3, 4], axis: -1 }, { shape: [2, 0], axis: 1 }]) {
      for (const type of types) expectAsOnCpu((x) => op(x, axis), fc.tuple(of(type, shape)));
      expectAsOnCpu((x) => op(x, axis), fc.tuple(of('float32', shape, withNaN)));
      expectAsOnCpu((x) => op(x, axis), fc.tuple(operand('int32', fc.constant(shape))));
    }
  });

  it.each([
    ['cumsum', tf.cumsum],
    ['cumprod', tf.cumprod],
  ])('%s', (_, op) => {
    for (const { shape, axis } of cases) {
      for (const exclusive of [false, true]) {
        for (const reverse of [false, true]) {
          for (const type of types) {
            const x = of(type, shape, type === 'float32' ? small : numbers[type]);
            expectAsOnCpu((x) => op(x, axis, exclusive, reverse), fc.tuple(x), { runs: 5, tolerance: 2e-5 });
          }
        }
      }
    }
  });

  it('topk: the first of equal ones first', () => {
    for (const shape of [[6], [3, 4], [2, 2, 5]]) {
      for (const k of [1, 3, 4]) {
        for (const type of ['float32', 'int32'] as const) {
          expectAsOnCpu((x) => Object.values(tf.topk(x, k)), fc.tuple(of(type, shape)));
        }
      }
    }
  });

  it.each([
    ['lowerBound', tf.lowerBound],
    ['upperBound', tf.upperBound],
  ])('%s', (_, op) => {
    for (const type of ['float32', 'int32'] as const) {
      const sorted = of(type, [2, 5]).map(({ values, ...rest }) => ({
        ...rest,
        values: [...values.slice(0, 5).sort((a, b) => a - b), ...values.slice(5).sort((a, b) => a - b)],
      }));
      const values = of(type, [2, 4], type === 'float32' ? withNaN : few);
      expectAsOnCpu((sorted, values) => op(sorted, values), fc.tuple(sorted, values));
    }
  });

  it('Fourier transforms', () => {
    for (const shape of [[4], [2, 5], [2, 3, 8]]) {
      expectAsOnCpu(tf.fft, fc.tuple(of('complex64', shape)), { tolerance: 1e-4 });
      expectAsOnCpu(tf.ifft, fc.tuple(of('complex64', shape)), { tolerance: 1e-4 });
    }
  });
});
