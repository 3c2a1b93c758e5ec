import { beforeAll, describe, expect, test } from 'vitest';
import { backward } from '../../../optim/backward.js';
import { gradOf } from '../../../optim/gradients.js';
import { SGD } from '../../../optim/sgd.js';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise, useUnlimitedOrt } from '../against-cpu.test.kit.js';
import type { OrtBackend } from '../backend.js';
import { ConvPlan } from './conv-epilogue.js';

let backend: OrtBackend;
beforeAll(async () => {
  backend = await useUnlimitedOrt();
});

const conv = (x: tf.Tensor, filter: tf.Tensor) =>
  tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid');

/** What `build` computes and its gradients with respect to the image, the filter and the bias. */
function withGradients(
  build: (x: tf.Tensor, filter: tf.Tensor, bias: tf.Tensor) => tf.Tensor,
  { biasShape = [17], channels = 17 } = {},
) {
  return () => {
    const inputs = [noise(3, 8, 8, 2), noise(3, 3, 2, channels), noise(...biasShape)];
    const { value, grads } = tf.valueAndGrads((x, filter, bias) => {
      const y = build(x!, filter!, bias!);
      return y.mul(noise(...y.shape)).sum();
    })(inputs);
    return [value, ...grads];
  };
}

describe('a convolution with what follows it', () => {
  test.each(['bias', 'ReLU', 'bias and ReLU'])('waits for %s in training', (what) => {
    tf.grad((x) => {
      const y = conv(x, noise(3, 3, 2, 16));
      const sum = what.includes('bias') ? y.add(noise(16)) : y;
      expect(backend.planOf(sum)).toBeInstanceOf(ConvPlan);
      if (!what.includes('ReLU')) return sum.sum();
      const rectified = sum.relu();
      expect(backend.planOf(rectified)).toBeUndefined();
      expect(backend.planOf(sum)).toBeInstanceOf(ConvPlan);
      return rectified.sum();
    })(noise(3, 8, 8, 2)).dispose();
  });

  test.each<[string, Parameters<typeof withGradients>]>([
    ['a bias', [(x, w, b) => conv(x, w).add(b)]],
    ['a bias of rank 4', [(x, w, b) => conv(x, w).add(b), { biasShape: [1, 1, 1, 17] }]],
    ['a bias for all channels', [(x, w, b) => conv(x, w).add(b), { biasShape: [1] }]],
    ['a bias per pixel', [(x, w, b) => conv(x, w).add(b), { biasShape: [6, 6, 1] }]],
    ['a bias per column', [(x, w, b) => conv(x, w).add(b), { biasShape: [6, 1] }]],
    ['two biases', [(x, w, b) => conv(x, w).add(b).add(b)]],
    ['another image', [(x, w, b) => conv(x, w).add(conv(x, w).mul(b))]],
    ['ReLU', [(x, w, b) => conv(x, w).relu().mul(b)]],
    ['a bias and ReLU', [(x, w, b) => conv(x, w).add(b).relu()]],
    ['whole blocks of channels', [(x, w, b) => conv(x, w).add(b).relu(), { biasShape: [32], channels: 32 }]],
    ['a reshape and ReLU', [(x, w, b) => conv(x, w).add(b).reshape([3, 612]).relu()]],
    ['a reshape and a bias', [(x, w, b) => conv(x, w).reshape([108, 17]).add(b)]],
    [
      'ReLU and a second reader',
      [
        (x, w, b) => {
          const y = conv(x, w).add(b);
          return y.relu().add(y.mul(2));
        },
      ],
    ],
    [
      'two ReLUs',
      [
        (x, w, b) => {
          const y = conv(x, w).add(b);
          return y.relu().add(y.relu().square());
        },
      ],
    ],
    ['sigmoid', [(x, w, b) => conv(x, w).add(b).sigmoid()]],
  ])('is that of cpu, gradients included: %s', async (_, args) => {
    await expectAsOnCpu(withGradients(...args), 1e-4);
  });

  test('keeps the value it had when its filter is trained afterwards', () => {
    const filter = tf.variable(noise(3, 3, 2, 16));
    const x = noise(3, 8, 8, 2);
    const wanted = conv(x, filter).dataSync().slice();
    let kept: tf.Tensor | undefined;
    const loss = backward(() => {
      kept = tf.keep(conv(x, filter));
      return kept.relu().sum() as tf.Scalar;
    }, [filter]);
    expect(backend.planOf(kept!)).toBeInstanceOf(ConvPlan);
    new SGD([filter], { lr: 0.1 }).step();
    expect(kept!.dataSync()).toEqual(wanted);
    tf.dispose([x, kept!, loss!, gradOf(filter)!, filter]);
  });

  test('leaves nothing behind, read or not', () => {
    const step = (reads: boolean) =>
      tf.tidy(() => {
        const loss = (x: tf.Tensor) => {
          const y = conv(x, noise(3, 3, 2, 16)).add(noise(16));
          const pooled = tf.maxPool(y.relu() as tf.Tensor4D, 2, 2, 'valid');
          if (reads) y.dataSync();
          return pooled.sum();
        };
        tf.grad(loss)(noise(3, 8, 8, 2)).dataSync();
      });
    step(false);
    step(true);
    const { numTensors, numDataBuffers } = tf.memory();
    const numDataIds = backend.numDataIds();
    for (let i = 0; i < 10; i++) step(i % 2 === 0);
    expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
    expect(backend.numDataIds()).toBe(numDataIds);
  });
});
