import { beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import { watchKernels } from '../engines/kernel-watch.js';
import { registerTorch } from '../engines/torch/register.js';
import { addon, whyNot } from '../engines/torch/torch.test.kit.js';
import { Generator } from '../random/generator.js';
import * as tf from '../tf.js';
import { attentionOperation, scaledDotProductAttention } from './attention.js';
import { batchNorm, batchNormOperation } from './batch-norm.js';
import { binaryCrossEntropyOperation, binaryCrossEntropyWithLogits } from './binary-cross-entropy.js';
import { crossEntropy, crossEntropyOperation } from './cross-entropy.js';
import { dropout, dropoutOperation } from './dropout.js';
import { embedding, embeddingOperation } from './embedding.js';
import { gelu, geluOperation, geluTanhOperation } from './gelu.js';
import { groupNorm, groupNormOperation } from './group-norm.js';
import { layerNorm, layerNormOperation } from './layer-norm.js';
import { torchOperations } from './on-torch.js';
import { type Operation, overrideOperation } from './registry.js';
import { rmsNorm, rmsNormOperation } from './rms-norm.js';
import { silu, siluOperation } from './silu.js';

type Tensors = tf.Tensor[];

/** Values within 2e-5 of the composition's, absolute below 1 and relative above: both are float32. */
const tolerance = 2e-5;

function expectClose(actual: tf.Tensor, expected: { values: ArrayLike<number>; shape: number[] }): void {
  expect(actual.shape).toEqual(expected.shape);
  const values = actual.dataSync();
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const want = expected.values[i]!;
    worst = Math.max(worst, Math.abs(values[i]! - want) / Math.max(1, Math.abs(want)));
  }
  expect(worst).toBeLessThan(tolerance);
}

const random = (shape: number[], seed: number, spread = 1) =>
  tf.randomNormal(shape, 0, spread, 'float32', seed);
const generator = () => new Generator(11);

interface Case {
  operation: Operation<never>;
  /** The tensors that get a gradient. */
  inputs: () => Tensors;
  run: (...inputs: Tensors) => tf.Tensor;
}

const labels = () => tf.tensor2d([0, 3, -100, 2, 1, 0, 3, 3], [2, 4], 'int32');
const affine = (size: number) => [random([size], 2), random([size], 3)];
const heads = () => [random([2, 3, 5, 8], 1), random([2, 3, 7, 8], 2), random([2, 3, 7, 6], 3)];
const visible = () => tf.tensor([1, 1, 0, 1, 1, 0, 1], [1, 1, 1, 7], 'bool');

const cases: Record<string, Case> = {
  'cross entropy': {
    operation: crossEntropyOperation,
    inputs: () => [random([2, 4, 5], 1, 3)],
    run: (x) => crossEntropy(x!, labels()),
  },
  'cross entropy, each, smoothed, weighted': {
    operation: crossEntropyOperation,
    inputs: () => [random([2, 4, 5], 1, 3)],
    run: (x) =>
      crossEntropy(x!, labels(), {
        labelSmoothing: 0.2,
        weight: tf.tensor1d([1, 2, 0.5, 3, 1]),
        reduction: 'none',
      }),
  },
  'binary cross entropy': {
    operation: binaryCrossEntropyOperation,
    inputs: () => [random([4, 3], 1, 3)],
    run: (x) =>
      binaryCrossEntropyWithLogits(x!, tf.randomUniform([4, 3], 0, 1, 'float32', 5), {
        weight: tf.tensor2d([[1], [2], [0], [3]]),
        posWeight: tf.tensor1d([1, 2, 3]),
      }),
  },
  'layer norm': {
    operation: layerNormOperation,
    inputs: () => [random([3, 4, 32], 1), ...affine(32)],
    run: (x, weight, bias) => layerNorm(x!, [32], { weight, bias }),
  },
  'layer norm over two axes, bias alone': {
    operation: layerNormOperation,
    inputs: () => [random([3, 4, 8], 1), random([4, 8], 2)],
    run: (x, bias) => layerNorm(x!, [4, 8], { bias }),
  },
  'layer norm of a transposed tensor': {
    operation: layerNormOperation,
    inputs: () => [random([8, 6], 1), ...affine(8)],
    run: (x, weight, bias) => layerNorm(x!.transpose(), [8], { weight, bias }),
  },
  'RMS norm': {
    operation: rmsNormOperation,
    inputs: () => [random([3, 4, 8], 1), random([4, 8], 2)],
    run: (x, weight) => rmsNorm(x!, [4, 8], { weight }),
  },
  'group norm': {
    operation: groupNormOperation,
    inputs: () => [random([3, 4, 5, 6], 1), ...affine(6)],
    run: (x, weight, bias) => groupNorm(x!, 2, { weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D }),
  },
  'group norm, bias alone': {
    operation: groupNormOperation,
    inputs: () => [random([3, 6], 1), random([6], 2)],
    run: (x, bias) => groupNorm(x!, 3, { bias: bias as tf.Tensor1D }),
  },
  'batch norm': {
    operation: batchNormOperation,
    inputs: () => [random([3, 4, 5, 6], 1), ...affine(6)],
    run: (x, weight, bias) =>
      batchNorm(x!, { training: true, weight: weight as tf.Tensor1D, bias: bias as tf.Tensor1D }),
  },
  gelu: { operation: geluOperation, inputs: () => [random([4, 9], 1, 2)], run: (x) => gelu(x!) },
  'gelu by tanh': {
    operation: geluTanhOperation,
    inputs: () => [random([4, 9], 1, 2)],
    run: (x) => gelu(x!, { approximate: 'tanh' }),
  },
  silu: { operation: siluOperation, inputs: () => [random([4, 9], 1, 2)], run: (x) => silu(x!) },
  dropout: {
    operation: dropoutOperation,
    inputs: () => [random([31, 7], 1)],
    run: (x) => dropout(x!, { p: 0.3, generator: generator() }),
  },
  attention: {
    operation: attentionOperation,
    inputs: heads,
    run: (query, key, value) => scaledDotProductAttention(query!, key!, value!),
  },
  'attention, causal, padded, with dropout': {
    operation: attentionOperation,
    inputs: heads,
    run: (query, key, value) =>
      scaledDotProductAttention(query!, key!, value!, {
        isCausal: true,
        attnMask: visible(),
        dropoutP: 0.25,
        generator: generator(),
      }),
  },
  'attention with a learned bias, of transposed heads': {
    operation: attentionOperation,
    inputs: () => [random([2, 5, 3, 8], 1), random([2, 7, 3, 8], 2), random([3, 1, 7], 3)],
    run: (query, keyValue, attnMask) => {
      const keys = keyValue!.transpose([0, 2, 1, 3]);
      return scaledDotProductAttention(query!.transpose([0, 2, 1, 3]), keys, keys, { attnMask, scale: 0.5 });
    },
  },
  embedding: {
    operation: embeddingOperation,
    inputs: () => [random([6, 4], 1)],
    run: (weight) => embedding(weight!, tf.tensor2d([0, 5, 2, 2, 1, 0], [2, 3], 'int32'), { paddingIdx: -4 }),
  },
};

describe.skipIf(addon === undefined)(`operations of the torch engine ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
    await tf.ready();
  });

  /** The value and the gradient of each input, for a dy of random numbers. */
  const valueAndGrads = ({ inputs, run }: Case) => {
    const given = inputs();
    const dy = random(run(...given).shape, 9);
    const { value, grads } = tf.valueAndGrads((...args: Tensors) => run(...args))(given, dy);
    return [value, ...grads];
  };

  test.each(Object.keys(cases))('%s equals its composition, on this engine and on cpu', async (name) => {
    const tried = cases[name]!;
    const read = () =>
      tf.tidy(() => valueAndGrads(tried).map((t) => ({ values: t.dataSync(), shape: t.shape })));
    const undo = overrideOperation('torch', tried.operation);
    const composed = read();
    undo();
    await tf.setBackend('cpu');
    const onCpu = read();
    await tf.setBackend('torch');
    tf.tidy(() => {
      valueAndGrads(tried).forEach((tensor, i) => {
        expectClose(tensor, composed[i]!);
        expectClose(tensor, onCpu[i]!);
      });
    });
  });

  test.each(Object.keys(cases))('%s is one kernel forward and one backward', (name) => {
    const { operation, inputs, run } = cases[name]!;
    const kernels: string[] = [];
    const stop = watchKernels(({ depth, gradientOf, name }) => {
      if (depth === 1 || gradientOf === operation.name) kernels.push(name!);
    });
    try {
      tf.tidy(() => tf.valueAndGrads((...args: Tensors) => run(...args))(inputs()));
    } finally {
      stop();
    }
    expect(kernels).toHaveLength(2);
  });

  test('draw what the composition draws, and leave the generator where it does', () => {
    const [here, there] = [generator(), generator()];
    const x = tf.ones([257]);
    const y = tf.tidy(() => dropout(x, { p: 0.3, generator: here }).dataSync());
    const undo = overrideOperation('torch', dropoutOperation);
    expect(tf.tidy(() => dropout(x, { p: 0.3, generator: there }).dataSync())).toEqual(y);
    undo();
    expect(here.state()).toEqual(there.state());
    x.dispose();
  });

  test('leave out gradients that nobody needs', () => {
    tf.tidy(() => {
      const [x, weight, bias] = [random([3, 8], 1), ...affine(8)] as [tf.Tensor, tf.Tensor, tf.Tensor];
      const all = tf.grads((...[x, weight, bias]: Tensors) => layerNorm(x!, [8], { weight, bias }));
      const [, , onBias] = all([x, weight, bias]);
      const outputs: number[] = [];
      const stop = watchKernels((run) => {
        if (run.name === 'torch/layer_norm_backward') outputs.push(run.outputs.length);
      });
      const alone = tf.grad((bias) => layerNorm(x, [8], { weight, bias }))(bias);
      stop();
      expect(outputs).toEqual([1]);
      expect(alone.dataSync()).toEqual(onBias!.dataSync());
    });
  });

  test.each([
    [
      'a label',
      'label 5 at position 1',
      () => crossEntropy(tf.zeros([2, 5]), tf.tensor1d([-100, 5], 'int32')),
    ],
    [
      'an index',
      'index -1 at position 2',
      () => embedding(tf.zeros([5, 2]), tf.tensor1d([0, 4, -1], 'int32')),
    ],
  ])('name %s out of range and its place', (_, message, run) => {
    expect(() => tf.tidy(run)).toThrowError(
      expect.objectContaining({ code: 'PL7102', message: expect.stringContaining(message) }),
    );
  });

  test('cover every case above', () => {
    const tested = new Set(Object.values(cases).map(({ operation }) => operation.name));
    expect(tested).toEqual(new Set(torchOperations.map(({ name }) => name)));
  });
});
