import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as tf from '../../../tf.js';
import { type DType, expectAsOnCpu, operand } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const types: DType[] = ['float32', 'int32', 'bool'];
const indices = (shape: number[], below: number) =>
  operand('int32', fc.constant(shape), fc.integer({ min: 0, max: below - 1 }));

describe.skipIf(addon === undefined)(`torch and cpu agree on gathering ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each([
    { x: [5, 3], at: [4], axis: 0, batch: 0 },
    { x: [5, 3], at: [], axis: 1, batch: 0 },
    { x: [5, 3], at: [0], axis: 0, batch: 0 },
    { x: [5], at: [2, 3], axis: 0, batch: 0 },
    { x: [2, 5, 3], at: [2, 2], axis: -2, batch: 0 },
    { x: [2, 5, 3], at: [2, 4], axis: 1, batch: 1 },
    { x: [2, 3, 5, 2], at: [2, 4], axis: 2, batch: 1 },
    { x: [2, 3, 5], at: [2, 3, 4], axis: 2, batch: -1 },
  ])('gather of $x at $at along axis $axis, $batch of them a batch', ({ x, at, axis, batch }) => {
    for (const type of types) {
      expectAsOnCpu(
        (x, indices) => tf.gather(x, indices, axis, batch),
        fc.tuple(operand(type, fc.constant(x)), indices(at, x.at(axis)!)),
        { runs: 5 },
      );
    }
  });

  it('gatherND', () => {
    for (const type of types) {
      for (const at of [[4, 1], [2, 2, 2], [3], [0, 2]]) {
        expectAsOnCpu(tf.gatherND, fc.tuple(operand(type, fc.constant([3, 3, 3])), indices(at, 3)), {
          runs: 5,
        });
      }
    }
  });

  it('gathers what a view shows', () => {
    expectAsOnCpu(
      (x, indices) => tf.gather(tf.transpose(x), indices),
      fc.tuple(operand('float32', fc.constant([3, 5])), indices([4], 5)),
    );
  });

  it('refuses an index outside of the axis', () => {
    tf.setBackend('torch');
    const x = tf.ones([2, 3]);
    expect(() => tf.gather(x, [0, 2])).toThrow('GatherV2: the index value 2 is not in [0, 1]');
    expect(() => tf.gather(x, [-1], 1)).toThrow('GatherV2: the index value -1 is not in [0, 2]');
    expect(() => tf.gatherND(x, tf.tensor2d([[1, 3]], [1, 2], 'int32'))).toThrow(/Invalid indices: \[1, 3\]/);
  });

  it('gathers strings', () => {
    tf.setBackend('torch');
    const indices = tf.tensor2d([2, 0], [2, 1], 'int32');
    expect(tf.gatherND(tf.tensor1d(['a', 'b', 'c']), indices).dataSync()).toEqual(['c', 'a']);
  });
});
