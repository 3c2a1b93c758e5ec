import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as tf from '../tf.js';
import { scaledDotProductAttention } from './attention.js';
import { batchNorm } from './batch-norm.js';
import { binaryCrossEntropyWithLogits } from './binary-cross-entropy.js';
import { embedding } from './embedding.js';
import { gelu } from './gelu.js';
import { groupNorm } from './group-norm.js';
import { layerNorm } from './layer-norm.js';
import { rmsNorm } from './rms-norm.js';
import { silu } from './silu.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const x = (...shape: number[]) => tf.ones(shape);
const ints = (...values: number[]) => tf.tensor1d(values, 'int32');

describe('operations refuse, with what they wanted and what they got,', () => {
  test.each<[string, string, string, () => unknown]>([
    [
      'targets of another shape',
      'PL7101',
      'targets must be float32 [2], got float32 [3]',
      () => binaryCrossEntropyWithLogits(x(2), x(3)),
    ],
    ['integer logits', 'PL7101', 'logits', () => binaryCrossEntropyWithLogits(ints(1), x(1))],
    ['a normalized shape that x does not end in', 'PL7101', '[4]', () => layerNorm(x(2, 3), [4])],
    ['no normalized shape', 'PL7101', '[]', () => layerNorm(x(2, 3), [])],
    [
      'a gain of another size',
      'PL7101',
      'layerNorm: weight must be float32 [3], got float32 [2]',
      () => layerNorm(x(2, 3), [3], { weight: x(2) }),
    ],
    ['integers to normalize', 'PL7101', 'rmsNorm: x', () => rmsNorm(ints(1, 2), [2])],
    ['groups that do not divide the channels', 'PL7101', '3 groups', () => groupNorm(x(2, 4), 3)],
    ['no groups', 'PL7101', '0 groups', () => groupNorm(x(2, 4), 0)],
    ['evaluation without running statistics', 'PL7101', 'runningMean', () => batchNorm(x(2, 4))],
    ['a training batch of one', 'PL7101', '[1,4]', () => batchNorm(x(1, 4), { training: true })],
    [
      'a running mean of another size',
      'PL7101',
      'runningMean must be float32 [4]',
      () => batchNorm(x(2, 4), { training: true, runningMean: x(3) as tf.Variable }),
    ],
    ['integers to activate', 'PL7101', 'silu: x', () => silu(ints(1))],
    [
      'an unknown approximation',
      'PL7103',
      "'none' or 'tanh', got erf",
      () => gelu(x(1), { approximate: 'erf' as 'tanh' }),
    ],
    ['keys of another size', 'PL7101', '[4,2]', () => scaledDotProductAttention(x(3, 3), x(4, 2), x(4, 2))],
    ['fewer values than keys', 'PL7101', '[3,2]', () => scaledDotProductAttention(x(3, 2), x(4, 2), x(3, 2))],
    [
      'a mask that does not broadcast',
      'PL7101',
      'broadcast to [3,4], got float32 [4,3]',
      () => scaledDotProductAttention(x(3, 2), x(4, 2), x(4, 2), { attnMask: x(4, 3) }),
    ],
    [
      'an integer mask',
      'PL7101',
      'int32',
      () => scaledDotProductAttention(x(1, 2), x(1, 2), x(1, 2), { attnMask: ints(1) }),
    ],
    [
      'a dropout rate below 0',
      'PL7103',
      'dropoutP',
      () => scaledDotProductAttention(x(1, 2), x(1, 2), x(1, 2), { dropoutP: -0.1 }),
    ],
    ['an index beyond the table', 'PL7102', 'index 5 at position 1', () => embedding(x(5, 2), ints(0, 5))],
    ['a negative index', 'PL7102', 'index -1', () => embedding(x(5, 2), ints(-1))],
    ['indices that are no integers', 'PL7101', 'float32 [1]', () => embedding(x(5, 2), x(1))],
    [
      'a padding row that does not exist',
      'PL7103',
      '-5 to 4, got 5',
      () => embedding(x(5, 2), ints(0), { paddingIdx: 5 }),
    ],
  ])('%s', (_, code, message, run) => {
    expect(run).toThrowError(expect.objectContaining({ code, message: expect.stringContaining(message) }));
  });
});
