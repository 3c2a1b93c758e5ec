import { readFileSync } from 'node:fs';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import { registerTorch } from '../engines/torch/register.js';
import { addon } from '../engines/torch/torch.test.kit.js';
import * as tf from '../tf.js';
import { type AttentionOptions, scaledDotProductAttention } from './attention.js';
import { type BatchNormOptions, batchNorm } from './batch-norm.js';
import { type BinaryCrossEntropyOptions, binaryCrossEntropyWithLogits } from './binary-cross-entropy.js';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';
import { type EmbeddingOptions, embedding } from './embedding.js';
import { gelu } from './gelu.js';
import { groupNorm } from './group-norm.js';
import { layerNorm } from './layer-norm.js';
import './on-torch.js';
import { rmsNorm } from './rms-norm.js';
import { silu } from './silu.js';

interface FixtureTensor {
  dtype: 'float32' | 'int32' | 'bool';
  shape: number[];
  data: number[];
}

/** One recorded call of a PyTorch operation; see make-fixtures.py. */
interface Fixture {
  name: string;
  inputs: Record<string, FixtureTensor>;
  constants: Record<string, FixtureTensor>;
  attrs: Record<string, unknown>;
  dy: FixtureTensor;
  value: FixtureTensor;
  grads: Record<string, FixtureTensor>;
}

function loadFixtures<F extends Fixture = Fixture>(operation: string): F[] {
  const file = new URL(`./fixtures/${operation}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: F[] }).cases;
}

function toTensor({ data, shape, dtype }: FixtureTensor): tf.Tensor {
  return tf.tensor(data, shape, dtype);
}

/** float32 against float64: 1e-5 of the value plus 2e-6 near zero, times the size of what cancels. */
function expectClose(actual: tf.Tensor, expected: FixtureTensor, what: string, size = 1): void {
  expect(actual.shape, `shape of ${what}`).toEqual(expected.shape);
  const values = actual.dataSync();
  expected.data.forEach((want, i) => {
    const allowed = 1e-5 * Math.abs(want) + 2e-6 * size;
    if (!(Math.abs(values[i]! - want) <= allowed)) {
      expect.fail(`${what}[${i}] is ${values[i]}, expected ${want} within ${allowed}`);
    }
  });
}

/** Runs `operation` on the fixture's tensors and compares its value and every gradient. */
function expectFixture(
  fixture: Fixture,
  operation: (tensors: Record<string, tf.Tensor>) => tf.Tensor,
  size = 1,
): void {
  tf.tidy(() => {
    const constants = Object.fromEntries(Object.entries(fixture.constants).map(([k, t]) => [k, toTensor(t)]));
    const names = Object.keys(fixture.inputs);
    const inputs = names.map((name) => toTensor(fixture.inputs[name]!));
    const run = (...args: tf.Tensor[]) =>
      operation({ ...constants, ...Object.fromEntries(names.map((name, i) => [name, args[i]!])) });
    const { value, grads } = tf.valueAndGrads(run)(inputs, toTensor(fixture.dy));
    expectClose(value, fixture.value, 'value', size);
    names.forEach((name, i) => {
      expectClose(grads[i]!, fixture.grads[name]!, `gradient of ${name}`, size);
    });
  });
}

type Normalization = Fixture & { attrs: { normalizedShape: number[]; eps: number } };

beforeAll(async () => {
  // An engine whose memory the host does not see: cpu's kernels behind a backend that is no MathBackendCPU.
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  if (addon !== undefined) registerTorch(addon);
  await tf.ready();
});
afterAll(() => tf.setBackend('cpu'));

describe.each(['cpu', 'device', 'ort', ...(addon ? ['torch'] : [])])('on engine %s', (backend) => {
  beforeAll(async () => {
    await tf.setBackend(backend);
  });

  describe('crossEntropy', () => {
    test.each(loadFixtures('cross-entropy'))('$name', (fixture) => {
      expectFixture(fixture, ({ logits, labels, weight }) =>
        crossEntropy(logits!, labels!, {
          ...(fixture.attrs as CrossEntropyOptions),
          weight: weight as tf.Tensor1D,
        }),
      );
    });
  });

  describe('binaryCrossEntropyWithLogits', () => {
    test.each(loadFixtures('binary-cross-entropy'))('$name', (fixture) => {
      expectFixture(fixture, ({ logits, targets, weight, posWeight }) =>
        binaryCrossEntropyWithLogits(logits!, targets!, {
          ...(fixture.attrs as BinaryCrossEntropyOptions),
          weight,
          posWeight,
        }),
      );
    });
  });

  describe('layerNorm', () => {
    test.each(loadFixtures<Normalization>('layer-norm'))('$name', (fixture) => {
      const { normalizedShape, eps } = fixture.attrs;
      // A large mean leaves fewer digits: roundoff is relative to it.
      const size = fixture.name === 'a large mean' ? 200 : 1;
      expectFixture(
        fixture,
        ({ x, weight, bias }) => layerNorm(x!, normalizedShape, { weight, bias, eps }),
        size,
      );
    });
  });

  describe('rmsNorm', () => {
    test.each(loadFixtures<Normalization>('rms-norm'))('$name', (fixture) => {
      const { normalizedShape, eps } = fixture.attrs;
      expectFixture(fixture, ({ x, weight }) => rmsNorm(x!, normalizedShape, { weight, eps }));
    });
  });

  describe('groupNorm', () => {
    type GroupNorm = Fixture & { attrs: { groups: number; eps: number } };
    test.each(loadFixtures<GroupNorm>('group-norm'))('$name', (fixture) => {
      const { groups, eps } = fixture.attrs;
      expectFixture(fixture, ({ x, weight, bias }) =>
        groupNorm(x!, groups, { weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D, eps }),
      );
    });
  });

  describe('batchNorm', () => {
    type BatchNorm = Fixture & { running: Record<'mean' | 'var' | 'meanAfter' | 'varAfter', FixtureTensor> };
    test.each(loadFixtures<BatchNorm>('batch-norm'))('$name', (fixture) => {
      const variable = (t: FixtureTensor) => tf.tidy(() => tf.variable(toTensor(t), false));
      const runningMean = variable(fixture.running.mean);
      const runningVar = variable(fixture.running.var);
      expectFixture(fixture, ({ x, weight, bias }) =>
        batchNorm(x!, {
          ...(fixture.attrs as BatchNormOptions),
          weight: weight as tf.Tensor1D,
          bias: bias as tf.Tensor1D,
          runningMean,
          runningVar,
        }),
      );
      expectClose(runningMean, fixture.running.meanAfter, 'running mean');
      expectClose(runningVar, fixture.running.varAfter, 'running variance');
      tf.dispose([runningMean, runningVar]);
    });
  });

  describe('activations', () => {
    const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      'gelu none': (x) => gelu(x),
      'gelu tanh': (x) => gelu(x, { approximate: 'tanh' }),
      silu,
    };
    test.each(loadFixtures('activations'))('$name', (fixture) => {
      expectFixture(fixture, ({ x }) => functions[fixture.name]!(x!));
    });
  });

  describe('scaledDotProductAttention', () => {
    test.each(loadFixtures('attention'))('$name', (fixture) => {
      expectFixture(fixture, ({ query, key, value, attnMask }) =>
        scaledDotProductAttention(query!, key!, value!, {
          ...(fixture.attrs as AttentionOptions),
          attnMask,
        }),
      );
    });
  });

  describe('embedding', () => {
    test.each(loadFixtures('embedding'))('$name', (fixture) => {
      expectFixture(fixture, ({ weight, indices }) =>
        embedding(weight!, indices!, fixture.attrs as EmbeddingOptions),
      );
    });
  });
});
