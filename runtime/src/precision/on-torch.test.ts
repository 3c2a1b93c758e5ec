import { beforeAll, describe, expect, test } from 'vitest';
import '../engines/default.js';
import { registerTorch } from '../engines/torch/register.js';
import { addon, whyNot } from '../engines/torch/torch.test.kit.js';
import '../functional/on-torch.js';
import '../optim/on-torch.js';
import type { TorchBackend } from '../engines/torch/backend.js';
import { scaledDotProductAttention } from '../functional/attention.js';
import { batchNorm } from '../functional/batch-norm.js';
import { binaryCrossEntropyWithLogits } from '../functional/binary-cross-entropy.js';
import { crossEntropy } from '../functional/cross-entropy.js';
import { dropout } from '../functional/dropout.js';
import { embedding } from '../functional/embedding.js';
import { gelu } from '../functional/gelu.js';
import { groupNorm } from '../functional/group-norm.js';
import { layerNorm } from '../functional/layer-norm.js';
import { rmsNorm } from '../functional/rms-norm.js';
import { silu } from '../functional/silu.js';
import { Adam } from '../optim/adam.js';
import { AdamW } from '../optim/adamw.js';
import { backward } from '../optim/backward.js';
import { clipGradNorm, clipGradValue, totalNorm } from '../optim/clip-gradients.js';
import { gradOf } from '../optim/gradients.js';
import type { Optimizer } from '../optim/optimizer.js';
import { RMSprop } from '../optim/rmsprop.js';
import { SGD } from '../optim/sgd.js';
import { Generator } from '../random/generator.js';
import * as tf from '../tf.js';
import { createPrecision } from './create-precision.js';
import type { PrecisionPlugin } from './precision-plugin.js';

const onCpu = { name: 'torch', device: 'cpu' } as const;
const mixed = () => createPrecision('bf16-mixed', onCpu);
const everywhere = () => createPrecision('bf16-true', onCpu);
const typeOf = (x: tf.Tensor) => (tf.backend() as TorchBackend).typeOf(x);

const random = (shape: number[], seed: number, spread = 1) =>
  tf.randomNormal(shape, 0, spread, 'float32', seed);
const labels = () => tf.tensor1d([0, 3, 2, 1], 'int32');

/** The largest difference, relative to the largest magnitude. */
function difference(a: tf.Tensor, b: tf.Tensor): number {
  const [x, y] = [a.dataSync(), b.dataSync()];
  const largest = Math.max(...Array.from(y, Math.abs), 1e-6);
  return Math.max(...Array.from(x, (value, i) => Math.abs(value - y[i]!))) / largest;
}

/** bfloat16 has 8 digits; a few operations in a row, and sums of products of rounded numbers. */
const tolerance = 0.03;

describe.skipIf(addon === undefined)(`16 bits on the torch engine ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });

  const x = () => random([4, 6], 1);
  const image = () => random([2, 6, 6, 2], 1);
  const heads = () => [1, 2, 3].map((seed) => random([2, 5, 4], seed));
  /** Inputs, and what becomes of them. */
  const cases: [string, () => tf.Tensor[], (...inputs: tf.Tensor[]) => tf.Tensor][] = [
    ['a product', () => [x(), random([6, 3], 2)], (a, b) => tf.matMul(a!, b!)],
    [
      'a layer with its bias',
      () => [x(), random([6, 3], 2), random([3], 3)],
      (a, b, c) => tf.matMul(a!, b!).add(c!).relu(),
    ],
    [
      'a convolution',
      () => [image(), random([3, 3, 2, 4], 2, 0.3)],
      (a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'),
    ],
    [
      'a convolution and pooling',
      () => [image(), random([3, 3, 2, 4], 2, 0.3)],
      (a, b) => tf.maxPool(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same').relu(), 2, 2, 'valid'),
    ],
    [
      'a depthwise convolution',
      () => [image(), random([3, 3, 2, 2], 2, 0.3)],
      (a, b) => tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'),
    ],
    ['attention', heads, (q, k, v) => scaledDotProductAttention(q!, k!, v!, { isCausal: true })],
    [
      'attention with dropout',
      heads,
      (q, k, v) => scaledDotProductAttention(q!, k!, v!, { dropoutP: 0.25, generator: new Generator(1) }),
    ],
    [
      'attention with a mask',
      () => [...heads(), random([5, 5], 4)],
      (q, k, v, mask) => scaledDotProductAttention(q!, k!, v!, { attnMask: mask! }),
    ],
    ['softmax', () => [x()], (a) => tf.softmax(tf.matMul(a!, tf.eye(6)))],
    [
      'a layer normalization of 16 bits',
      () => [x(), random([6], 2), random([6], 3)],
      (a, weight, bias) => layerNorm(tf.matMul(a!, tf.eye(6)), [6], { weight: weight!, bias: bias! }),
    ],
    [
      'an RMS normalization of 16 bits',
      () => [x(), random([6], 2)],
      (a, weight) => rmsNorm(tf.matMul(a!, tf.eye(6)), [6], { weight: weight! }),
    ],
    [
      'a group normalization of 16 bits',
      () => [x(), random([6], 2)],
      (a, weight) => groupNorm(tf.matMul(a!, tf.eye(6)), 2, { weight: weight as tf.Tensor1D }),
    ],
    [
      'a batch normalization of 16 bits',
      () => [x(), random([6], 2)],
      (a, weight) => batchNorm(tf.matMul(a!, tf.eye(6)), { weight: weight as tf.Tensor1D, training: true }),
    ],
    ['gelu', () => [x()], (a) => gelu(tf.matMul(a!, tf.eye(6)))],
    ['silu', () => [x()], (a) => silu(tf.matMul(a!, tf.eye(6)))],
    ['sigmoid, tanh and elu', () => [x()], (a) => tf.matMul(a!, tf.eye(6)).sigmoid().tanh().elu()],
    ['dropout', () => [x()], (a) => dropout(tf.matMul(a!, tf.eye(6)), { generator: new Generator(5) })],
    ['an embedding', () => [random([5, 4], 1)], (table) => embedding(table!, labels())],
    [
      'cross entropy',
      () => [x()],
      (a) => crossEntropy(tf.matMul(a!, tf.eye(6)), labels(), { labelSmoothing: 0.1 }),
    ],
    [
      'binary cross entropy',
      () => [x()],
      (a) => binaryCrossEntropyWithLogits(tf.matMul(a!, tf.eye(6)), tf.ones([4, 6])),
    ],
    ['a residual', () => [x(), random([6, 6], 2, 0.3)], (a, b) => a!.add(tf.matMul(a!, b!))],
    ['sums and means', () => [x()], (a) => tf.matMul(a!, tf.eye(6)).mean(0).sum()],
  ];

  test.each(cases)('%s and its gradients are those of float32', (_, inputs, compute) => {
    const given = inputs();
    const dy = (y: tf.Tensor) => random(y.shape, 9);
    const both = [(f: () => tf.Tensor) => f(), (f: () => tf.Tensor) => mixed().forward(f)].map((within) => {
      let y: tf.Tensor | undefined;
      const grads = tf.grads((...xs: tf.Tensor[]) => {
        y = tf.keep(within(() => compute(...xs)));
        return y.mul(dy(y)).sum();
      })(given);
      return [y!, ...grads];
    });
    expect(both[1]!.length).toBe(given.length + 1);
    for (const [i, want] of both[0]!.entries()) {
      expect(difference(both[1]![i]!, want)).toBeLessThan(tolerance);
    }
  });

  test('gradients of 16 bits add up, are measured and clipped in float32', () => {
    const v = tf.variable(random([4, 3], 1));
    const loss = () =>
      mixed().forward(() => tf.matMul(x().transpose().slice([0, 0], [6, 4]), v).sum() as tf.Scalar);
    backward(loss, [v])!.dispose();
    expect(typeOf(gradOf(v)!)).toBe('BFloat16');
    const once = gradOf(v)!.clone();
    expect(totalNorm([once])).toBeCloseTo(once.norm().dataSync()[0]!, 4);
    backward(loss, [v])!.dispose();
    expect(typeOf(gradOf(v)!)).toBe('Float');
    expect(difference(gradOf(v)!, once.mul(2))).toBeLessThan(1e-6);
    const norm = clipGradNorm([v], 1e-3);
    expect(norm).toBeCloseTo(2 * once.norm().dataSync()[0]!, 4);
    expect(totalNorm([gradOf(v)!])).toBeCloseTo(1e-3, 6);
    clipGradValue([v], 1e-5);
    expect(gradOf(v)!.abs().max().dataSync()[0]).toBeCloseTo(1e-5, 8);
  });

  test.each<[string, (params: tf.Variable[]) => Optimizer]>([
    ['SGD', (params) => new SGD(params, { lr: 0.1 })],
    ['SGD with momentum', (params) => new SGD(params, { lr: 0.1, momentum: 0.9 })],
    ['Adam', (params) => new Adam(params, { lr: 0.1 })],
    ['AdamW with AMSGrad', (params) => new AdamW(params, { lr: 0.1, amsgrad: true })],
    ['RMSprop', (params) => new RMSprop(params, { lr: 0.1, momentum: 0.5 })],
  ])('%s steps with gradients and parameters of 16 bits as in float32', (_, make) => {
    const target = random([3, 2], 2);
    const train = (precision: PrecisionPlugin) => {
      const v = tf.variable(random([3, 2], 1));
      precision.convert([v]);
      const optimizer = make([v]);
      for (let i = 0; i < 5; i++) {
        optimizer.zeroGrad();
        backward(
          () => precision.forward(() => tf.matMul(tf.eye(3), v).sub(target).square().sum() as tf.Scalar),
          [v],
        )!.dispose();
        optimizer.step();
      }
      return v;
    };
    const want = train(createPrecision('32-true', onCpu));
    const [withWeights, without] = [train(mixed()), train(everywhere())];
    expect([want, withWeights, without].map(typeOf)).toEqual(['Float', 'Float', 'BFloat16']);
    expect(difference(withWeights, want)).toBeLessThan(tolerance);
    expect(difference(without, want)).toBeLessThan(2 * tolerance);
  });

  test.each<[string, () => { params: tf.Variable[]; logits: (x: tf.Tensor) => tf.Tensor }]>([
    [
      'an MLP',
      () => {
        const params = [random([36, 32], 1, 0.2), random([32], 2, 0), random([32, 4], 3, 0.2)].map((t) =>
          tf.variable(t),
        );
        return {
          params,
          logits: (images) =>
            tf.matMul(
              tf
                .matMul(images.reshape([-1, 36]), params[0]!)
                .add(params[1]!)
                .relu(),
              params[2]!,
            ),
        };
      },
    ],
    [
      'a CNN',
      () => {
        const params = [random([3, 3, 1, 8], 1, 0.3), random([8], 2, 0), random([72, 4], 3, 0.1)].map((t) =>
          tf.variable(t),
        );
        return {
          params,
          logits: (images) => {
            const features = tf
              .conv2d(images as tf.Tensor4D, params[0] as tf.Variable<tf.Rank.R4>, 1, 'same')
              .add(params[1]!)
              .relu();
            return tf.matMul(
              tf.maxPool(features as tf.Tensor4D, 2, 2, 'valid').reshape([-1, 72]),
              params[2]!,
            );
          },
        };
      },
    ],
  ])('%s trains to the loss of float32', (_, build) => {
    // Which quarter of the image is bright.
    const classes = Array.from({ length: 64 }, (_, i) => i % 4);
    const bright = tf.tensor4d(
      classes.flatMap((quarter) =>
        Array.from({ length: 36 }, (_, at) => Number((at % 6 >= 3 ? 1 : 0) + (at >= 18 ? 2 : 0) === quarter)),
      ),
      [64, 6, 6, 1],
    );
    const images = bright.add(random([64, 6, 6, 1], 7, 0.7));
    const targets = tf.tensor1d(classes, 'int32');
    const train = (precision: PrecisionPlugin) => {
      const { params, logits } = build();
      precision.convert(params);
      const optimizer = new Adam(params, { lr: 0.01 });
      let last = 0;
      for (let i = 0; i < 60; i++) {
        optimizer.zeroGrad();
        const loss = backward(() => precision.forward(() => crossEntropy(logits(images), targets)), params)!;
        optimizer.step();
        last = loss.dataSync()[0]!;
        loss.dispose();
      }
      return last;
    };
    const want = train(createPrecision('32-true', onCpu));
    expect(want).toBeLessThan(0.3);
    expect(Math.abs(train(mixed()) - want)).toBeLessThan(0.02);
    expect(Math.abs(train(everywhere()) - want)).toBeLessThan(0.1);
  });
});
