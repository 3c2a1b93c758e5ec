import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../../tf.js';
import { type DType, expectAsOnCpu, operand, small } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const numbers = {
  float32: small,
  int32: fc.integer({ min: -99, max: 99 }),
  bool: undefined,
  complex64: undefined,
};
const matrix = (type: DType, shape: number[]) => operand(type, fc.constant(shape), numbers[type]);

/** [batch, m, k] and [batch, k, n]; some are empty, some broadcast. */
const shapes: [number[], number[]][] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [0, 3],
    [3, 2],
  ],
  [
    [2, 0],
    [0, 3],
  ],
  [
    [2, 3, 4],
    [2, 4, 2],
  ],
  [
    [1, 3, 4],
    [2, 4, 2],
  ],
  [
    [2, 2, 2, 3],
    [2, 2, 3, 2],
  ],
];
const transposed = (shape: number[]) => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

describe.skipIf(addon === undefined)(`torch and cpu agree on products ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each<DType>(['float32', 'int32', 'bool'])('matMul of %s', (type) => {
    for (const [a, b] of shapes) {
      for (const [left, right] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ]) {
        expectAsOnCpu(
          (a, b) => tf.matMul(a, b, left, right),
          fc.tuple(matrix(type, left ? transposed(a) : a), matrix(type, right ? transposed(b) : b)),
          { runs: 3 },
        );
      }
    }
  });

  it.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const)(
    'fused matMul with %s',
    (activation) => {
      expectAsOnCpu(
        (a, b, bias) => tf.fused.matMul({ a, b, bias, activation, leakyreluAlpha: 0.1 }),
        fc.tuple(matrix('float32', [2, 3]), matrix('float32', [3, 4]), matrix('float32', [4])),
      );
    },
  );

  it.each([
    ['ij,jk->ik', [2, 3], [3, 4]],
    ['bij,bjk->bik', [2, 2, 3], [2, 3, 2]],
    ['bij,bjk->kib', [2, 2, 3], [2, 3, 2]],
    ['ij,ij->', [2, 3], [2, 3]],
    ['i,j->ij', [2], [3]],
    ['ij->j', [2, 3], undefined],
    ['ijk->kij', [2, 3, 4], undefined],
  ] as const)('einsum %s', (equation, a, b) => {
    for (const type of ['float32', 'int32'] as const) {
      const operands = [a, b].flatMap((shape) => (shape === undefined ? [] : [matrix(type, [...shape])]));
      expectAsOnCpu((...tensors) => tf.einsum(equation, ...tensors), fc.tuple(...operands), { runs: 5 });
    }
  });

  it('refuses an equation that does not fit its operands', () => {
    tf.setBackend('torch');
    expect(() => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([2, 3]))).toThrow(/Expected dimension/);
  });
});
