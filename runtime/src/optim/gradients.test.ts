import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch } from '../engines/torch/register.js';
import { addon } from '../engines/torch/torch.test.kit.js';
import * as tf from '../tf.js';
import { accumulateGrad, clearGrads, gradOf, setGrad } from './gradients.js';

beforeAll(async () => {
  // An engine whose memory the host does not see: cpu's kernels behind a backend that is no MathBackendCPU.
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  if (addon !== undefined) registerTorch(addon);
  await tf.setBackend('cpu');
  await tf.ready();
});

const variables: tf.Variable[] = [];
const variable = (...values: number[]) => {
  const v = tf.tidy(() => tf.variable(tf.tensor1d(values)));
  variables.push(v);
  return v;
};
const values = (t: tf.Tensor | undefined) => (t === undefined ? undefined : [...t.dataSync()]);

afterEach(() => {
  clearGrads(variables);
  for (const v of variables.splice(0)) v.dispose();
});

describe.each(['cpu', 'device', ...(addon ? ['torch'] : [])])('gradient slots on engine %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  test('are empty until a gradient is accumulated, then hold the sum', () => {
    const v = variable(0, 0);
    expect(gradOf(v)).toBeUndefined();
    accumulateGrad(v, tf.tensor1d([1, 2]));
    accumulateGrad(v, tf.tensor1d([10, 20]));
    expect(values(gradOf(v))).toEqual([11, 22]);
  });

  test('survive the scope that made the gradient', () => {
    const v = variable(0);
    tf.tidy(() => accumulateGrad(v, tf.tensor1d([3])));
    expect(values(gradOf(v))).toEqual([3]);
  });

  test('hold one tensor however often they are added to', () => {
    const v = variable(0);
    accumulateGrad(v, tf.tensor1d([1]));
    const tensors = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) accumulateGrad(v, tf.tensor1d([1]));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(values(gradOf(v))).toEqual([6]);
  });

  test('do not write into data that another tensor shares', () => {
    const v = variable(0, 0);
    const shared = tf.tensor1d([1, 2]);
    accumulateGrad(v, shared.clone());
    accumulateGrad(v, tf.tensor1d([1, 1]));
    expect(values(shared)).toEqual([1, 2]);
    expect(values(gradOf(v))).toEqual([2, 3]);
    shared.dispose();
  });

  test('double when a slot is added to itself', () => {
    const v = variable(0);
    accumulateGrad(v, tf.tensor1d([4]));
    accumulateGrad(v, gradOf(v)!);
    expect(values(gradOf(v))).toEqual([8]);
  });

  test('free what was there when they are set or cleared', () => {
    const v = variable(0);
    const tensors = tf.memory().numTensors;
    setGrad(v, tf.tensor1d([1]));
    setGrad(v, tf.tensor1d([2]));
    expect(values(gradOf(v))).toEqual([2]);
    expect(tf.memory().numTensors).toBe(tensors + 1);
    clearGrads([v]);
    expect(gradOf(v)).toBeUndefined();
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('refuse a gradient of another shape or type', () => {
    const v = variable(0, 0);
    expect(() => setGrad(v, tf.tensor1d([1, 2, 3]))).toThrowError(
      expect.objectContaining({ code: 'PL7002', message: expect.stringContaining('float32 [3]') }),
    );
    accumulateGrad(v, tf.tensor1d([1, 2]));
    expect(() => accumulateGrad(v, tf.tensor1d([1, 2], 'int32'))).toThrowError(
      expect.objectContaining({ code: 'PL7002' }),
    );
    expect(values(gradOf(v))).toEqual([1, 2]);
  });
});
