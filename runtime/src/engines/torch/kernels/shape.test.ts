import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import * as tf from '../../../tf.js';
import { alike, type Compute, type DType, expectAsOnCpu, one, operand } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const types: DType[] = ['float32', 'int32', 'bool'];
const x = [2, 3, 4];

const ofX: Record<string, Compute> = {
  broadcastTo: (x) => tf.broadcastTo(x, [5, 2, 3, 4]),
  diag: tf.diag,
  expandDims: (x) => tf.expandDims(x, -2),
  pad: (x) =>
    tf.pad(
      x,
      [
        [1, 0],
        [0, 2],
        [1, 1],
      ],
      1,
    ),
  reshape: (x) => tf.reshape(x, [4, -1]),
  reverse: (x) => tf.reverse(x, [0, 2]),
  slice: (x) => tf.slice(x, [1, 0, 2], [1, -1, 2]),
  sliceNothing: (x) => tf.slice(x, [1, 0, 2], [0, 2, 2]),
  split: (x) => tf.split(x, 2, 2),
  splitUnevenly: (x) => tf.split(x, [1, -1], 1),
  tile: (x) => tf.tile(x, [2, 1, 3]),
  transpose: (x) => tf.transpose(x, [2, 0, 1]),
  unstack: (x) => tf.unstack(x, -2),
  // Slices with steps, counted from either end, with the masks of Python's a[1:, ::-1, newaxis, ..., 2].
  stridedForward: (x) => tf.stridedSlice(x, [0, 1, 0], [2, 3, 4], [1, 1, 2]),
  stridedBackward: (x) => tf.stridedSlice(x, [1, -1, -1], [-3, 0, -5], [-1, -2, -3]),
  stridedNothing: (x) => tf.stridedSlice(x, [0, 2, 0], [2, 1, 4], [1, 1, 2]),
  stridedWithMasks: (x) => tf.stridedSlice(x, [1, 1, 1], [0, 0, 0], [1, 2, -1], 0b101, 0b111),
  stridedWithEllipsis: (x) => tf.stridedSlice(x, [0, 0], [0, 2], [1, 1], 0, 0, 0b01),
  stridedWithNewAxis: (x) => tf.stridedSlice(x, [0, 0, 1], [2, 0, 3], [1, 1, 1], 0, 0, 0, 0b010),
  stridedAndShrunk: (x) => tf.stridedSlice(x, [1, 0, 1], [2, 2, 3], [1, 1, 1], 0, 0, 0, 0, 0b001),
};

describe.skipIf(addon === undefined)(`torch and cpu agree on rearrangements ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  it.each(Object.entries(ofX))('%s', (_, compute) => {
    for (const type of types) expectAsOnCpu(compute, fc.tuple(operand(type, fc.constant(x))), { runs: 5 });
  });

  it('any rank', () => {
    for (const type of types) {
      expectAsOnCpu((x) => tf.transpose(x), one(type));
      expectAsOnCpu((x) => tf.reverse(x), one(type));
      expectAsOnCpu((x) => tf.reshape(x, [-1]), one(type));
      expectAsOnCpu((a, b) => tf.stack([a, b], -1), alike(type, type));
    }
  });

  it('concat, also of nothing', () => {
    for (const type of types) {
      const parts = [
        [2, 3],
        [2, 0],
        [2, 1],
      ].map((shape) => operand(type, fc.constant(shape)));
      expectAsOnCpu((...parts) => tf.concat(parts, 1), fc.tuple(...parts), { runs: 5 });
    }
  });
});
