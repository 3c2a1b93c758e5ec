import fc from 'fast-check';
import { beforeAll, describe, test } from 'vitest';
import * as tf from '../../../tf.js';
import '../../default.js';
import { type Compute, expectAsOnCpu, operand } from '../as-on-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

type Case = readonly [compute: Compute, ...shapes: number[][]];

/** A computation and the gradients of all its operands. */
const withGrads =
  // biome-ignore lint/suspicious/noExplicitAny: the operations ask for tensors of several ranks
    (compute: (...xs: any[]) => tf.Tensor): Compute =>
    (...xs) => [compute(...xs), ...tf.grads(compute)(xs)];

function expectAlike([compute, ...shapes]: Case): void {
  const small = fc.integer({ min: 1, max: 9 });
  const operands = shapes.map((shape) => operand('float32', fc.constant(shape), small));
  expectAsOnCpu(compute, fc.tuple(...operands), { runs: 2 });
}

const pad = (before: number, after: number): [number, number] => [before, after];

const convolutions: Record<string, [input: number[], filter: number[]]> = {
  'no image': [
    [0, 5, 5, 3],
    [3, 3, 3, 4],
  ],
  'images without height': [
    [2, 0, 5, 3],
    [1, 3, 3, 4],
  ],
  'images without channels': [
    [2, 5, 5, 0],
    [3, 3, 0, 4],
  ],
  'no filter': [
    [2, 5, 5, 3],
    [3, 3, 3, 0],
  ],
  'no window': [
    [2, 1, 1, 3],
    [2, 2, 3, 4],
  ],
};

const poolings = {
  'no image': [0, 5, 5, 3],
  'images without height': [2, 0, 5, 3],
  'images without channels': [2, 5, 5, 0],
};

const others: Record<string, Case> = {
  'a sum of two': [withGrads(tf.add), [2, 0, 3], [3]],
  'a product of one and none': [tf.mul, [1], [0]],
  'a choice': [(a, b) => tf.where(a.greater(b), a, b), [0, 3], [0, 3]],
  'a clipping': [withGrads((x) => tf.clipByValue(x, 0, 1)), [0, 3]],
  'a matrix without rows': [withGrads((a, b) => tf.matMul(a, b)), [0, 3], [3, 4]],
  'a product over no column': [withGrads((a, b) => tf.matMul(a, b)), [2, 0], [0, 4]],
  'a batch of no matrices': [withGrads((a, b) => tf.matMul(a, b)), [0, 2, 3], [0, 3, 4]],
  'a fused product': [
    withGrads((a, b, bias) => tf.fused.matMul({ a, b, bias, activation: 'relu' })),
    [0, 3],
    [3, 4],
    [4],
  ],
  'a sum over nothing': [withGrads((x) => tf.sum(x, 1)), [2, 0, 3]],
  'a mean over nothing': [withGrads((x) => tf.mean(x, 1)), [2, 0, 3]],
  'a maximum of nothing': [(x) => tf.max(x, 1), [2, 0, 3]],
  'a product over nothing': [(x) => tf.prod(x, 1), [2, 0, 3]],
  'the greatest of no row': [(x) => tf.argMax(x, 1), [0, 3]],
  'a concatenation with nothing': [withGrads((a, b) => tf.concat([a, b], 0)), [0, 3], [2, 3]],
  'a slice of nothing': [withGrads((x) => tf.slice(x, [0, 1], [0, 2])), [0, 3]],
  'a slice without rows': [withGrads((x) => tf.slice(x, [2, 1], [0, 2])), [4, 3]],
  'padding around nothing': [withGrads((x) => tf.pad(x, [pad(1, 2), pad(0, 0)], 7)), [0, 3]],
  'padding that adds nothing': [withGrads((x) => tf.pad(x, [pad(0, 0), pad(1, 1)])), [0, 3]],
  'a repetition': [withGrads((x) => tf.tile(x, [2, 2])), [0, 3]],
  'a transposition': [withGrads((x) => tf.transpose(x)), [2, 0, 3]],
  'a split': [(x) => tf.split(x, [0, 4], 1), [3, 4]],
  'no row of a table': [(x) => tf.gather(x, tf.tensor1d([], 'int32')), [4, 3]],
  'no point of an array': [(x) => tf.gatherND(x, tf.zeros([0, 2], 'int32')), [4, 3]],
  'updates that are none': [(x) => tf.scatterND(tf.zeros([0, 1], 'int32'), x, [4, 3]), [0, 3]],
  'segments of nothing': [(x) => tf.unsortedSegmentSum(x, tf.tensor1d([], 'int32'), 3), [0, 2]],
  'no class': [() => tf.oneHot(tf.zeros([2, 0], 'int32'), 4)],
  'running sums': [withGrads((x) => tf.cumsum(x, 1, true, true)), [2, 0]],
  'the first of no row': [(x) => Object.values(tf.topk(x, 2)), [0, 3]],
  'none of the first': [(x) => Object.values(tf.topk(x, 0)), [2, 3]],
  'probabilities of no row': [withGrads((x) => tf.softmax(x)), [0, 3]],
  'probabilities of no class': [withGrads((x) => tf.logSoftmax(x)), [2, 0]],
  'no image in another size': [withGrads((x) => tf.image.resizeBilinear(x, [7, 5])), [0, 4, 4, 3]],
  'images without channels in another size': [
    withGrads((x) => tf.image.resizeNearestNeighbor(x, [7, 5])),
    [2, 4, 4, 0],
  ],
  'a normalization': [(x, m, v) => tf.batchNorm(x, m!, v!), [0, 4, 4, 3], [3], [3]],
};

describe.skipIf(addon === undefined)(`tensors without elements, as on cpu ${whyNot}`, () => {
  beforeAll(() => registerTorch(addon!));

  describe.each(Object.entries(convolutions))('a convolution of %s', (_, [input, filter]) => {
    test.each(['same', 'valid'] as const)('%s', (pad) => {
      expectAlike([withGrads((x, f) => tf.conv2d(x, f, 1, pad)), input, filter]);
      expectAlike([withGrads((x, f) => tf.conv2d(x, f, 2, pad)), input, filter]);
      expectAlike([
        withGrads((x, filter, bias) =>
          tf.fused.conv2d({ x, filter, bias, strides: 1, pad, activation: 'relu' }),
        ),
        input,
        filter,
        [filter[3]!],
      ]);
      if (filter[3] === 0) return;
      expectAlike([withGrads((x, f) => tf.depthwiseConv2d(x, f, 1, pad)), input, filter]);
    });
  });

  test.each(['same', 'valid'] as const)('a convolution of no volume, %s', (pad) => {
    expectAlike([withGrads((x, f) => tf.conv3d(x, f, 1, pad)), [0, 4, 4, 4, 2], [2, 2, 2, 2, 3]]);
  });

  test('a transposed convolution of no image', () => {
    const compute = withGrads((x, f) => tf.conv2dTranspose(x, f, [0, 10, 10, 4], 2, 'same'));
    expectAlike([compute, [0, 5, 5, 3], [3, 3, 4, 3]]);
  });

  describe.each(Object.entries(poolings))('a pooling of %s', (_, input) => {
    test.each(['same', 'valid', 1] as const)('%s', (pad) => {
      expectAlike([withGrads((x) => tf.maxPool(x, 2, 2, pad)), input]);
      expectAlike([withGrads((x) => tf.avgPool(x, 2, 2, pad)), input]);
    });
  });

  test.each([
    [0, 4, 4, 4, 3],
    [2, 4, 4, 4, 0],
  ])('a pooling of volumes [%i, %i, %i, %i, %i]', (...input) => {
    expectAlike([withGrads((x) => tf.maxPool3d(x, 2, 2, 'valid')), input]);
    expectAlike([withGrads((x) => tf.avgPool3d(x, 2, 2, 'valid')), input]);
  });

  test.each(Object.entries(others))('%s', (_, computation) => {
    expectAlike(computation);
  });
});
