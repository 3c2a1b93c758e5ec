import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, operand } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

describe.skipIf(addon === undefined)(`torch and cpu agree on new tensors ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each([
    [0, 5, 1],
    [5, 0, 1],
    [5, 0, -2],
    [0, 5, 2],
    [0, 5, -1],
    [5, 0, 2],
    [3, 3, 1],
    [-4, 3, 3],
    [0, 1, 0.25],
    [16_777_217, 16_777_226, 3],
  ])('range(%d, %d, %d)', (start, stop, step) => {
    for (const type of ['float32', 'int32'] as const) {
      expectAsOnCpu(() => tf.range(start, stop, step, type), fc.tuple(), { runs: 1 });
    }
  });

  it.each([
    [0, 1, 5],
    [3, -3, 7],
    [2, 9, 1],
    [1, 1, 4],
  ])('linspace(%d, %d, %d)', (start, stop, count) => {
    expectAsOnCpu(() => tf.linspace(start, stop, count), fc.tuple(), { runs: 1 });
  });

  it('fill', () => {
    expectAsOnCpu(() => tf.fill([2, 3], -1.5), fc.tuple(), { runs: 1 });
    expectAsOnCpu(() => tf.fill([0], 7, 'int32'), fc.tuple(), { runs: 1 });
    expectAsOnCpu(() => tf.fill([], 1, 'bool'), fc.tuple(), { runs: 1 });
  });

  it('oneHot, with indices outside of the depth', () => {
    const indices = operand('int32', fc.constantFrom([5], [2, 3], [0]), fc.integer({ min: -2, max: 5 }));
    for (const type of ['float32', 'int32', 'bool'] as const) {
      expectAsOnCpu((x) => tf.oneHot(x as tf.Tensor1D, 4, 1, 0, type), fc.tuple(indices));
    }
  });
});
