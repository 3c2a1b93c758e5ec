import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise } from '../../ort/against-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const geometries = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 4, max: 9 }),
  width: fc.integer({ min: 4, max: 9 }),
  channels: fc.integer({ min: 1, max: 4 }),
  filter: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: fc.constantFrom('same' as const, 'valid' as const, 0),
});

/** The result of a pooling, and the gradient of its sum weighted by position. */
function withGradient(pool: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  return [pool(x), tf.grad((x) => pool(x).square().sum())(x)];
}

const infinities = [
  Number.NaN,
  1,
  Number.POSITIVE_INFINITY,
  3,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  5,
  2,
  Number.NaN,
  Number.NaN,
  -1,
  0,
  Number.NaN,
  Number.NaN,
  Number.NaN,
  7,
];

describe.skipIf(addon === undefined)(`poolings ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });

  test('and their gradients are those of cpu, for any geometry', () =>
    fc.assert(
      fc.asyncProperty(geometries, ({ batch, height, width, channels, filter, stride, pad }) =>
        expectAsOnCpu(() => {
          const x = noise(batch, height, width, channels);
          return [
            ...withGradient((x) => tf.maxPool(x as tf.Tensor4D, filter, stride, pad), x),
            ...withGradient((x) => tf.avgPool(x as tf.Tensor4D, filter, stride, pad), x),
          ];
        }),
      ),
      { numRuns: 60 },
    ));

  test('over three dimensions, and their gradients are those of cpu, for any geometry', () =>
    fc.assert(
      fc.asyncProperty(geometries, ({ batch, height, width, channels, filter: [size], stride, pad }) =>
        expectAsOnCpu(() => {
          const x = noise(batch, 4, height, width, channels);
          return [
            ...withGradient((x) => tf.maxPool3d(x as tf.Tensor5D, size, stride[0], pad), x),
            ...withGradient((x) => tf.avgPool3d(x as tf.Tensor5D, size, stride[0], pad), x),
          ];
        }),
      ),
      { numRuns: 30 },
    ));

  test.each(['floor', 'round', 'ceil'] as const)('round the number of windows by %s', (rounding) =>
    expectAsOnCpu(() => {
      const x = noise(2, 8, 7, 3) as tf.Tensor4D;
      return [tf.maxPool(x, 3, 2, 1, rounding), tf.avgPool(x, 3, 2, 1, rounding)];
    }),
  );

  test('of integers stay integers', () =>
    expectAsOnCpu(() => {
      const x = tf.tensor4d([2147483647, 2147483646, -5, 16777217, 3, 8], [1, 2, 3, 1], 'int32');
      return tf.maxPool(x, 2, 1, 'valid');
    }));

  test('take the largest number where there is NaN', () =>
    expectAsOnCpu(() => tf.maxPool(tf.tensor4d(infinities, [1, 4, 4, 1]), 2, 2, 'valid')));

  test.each(['valid', 'same'] as const)('tell the places of the maxima, padded %s', (pad) =>
    expectAsOnCpu(() =>
      [true, false].flatMap((includeBatch) => {
        const x = noise(2, 5, 7, 3) as tf.Tensor4D;
        const { result, indexes } = tf.maxPoolWithArgmax(x, 4, 3, pad, includeBatch);
        return [result!, indexes!];
      }),
    ),
  );

  test('find the maxima again where their result comes from elsewhere', () => {
    const attrs = { filterSize: 3, strides: 2, pad: 'same' };
    const x = noise(2, 8, 8, 3) as tf.Tensor4D;
    const y = tf.maxPool(x, 3, 2, 'same');
    const dy = noise(...y.shape);
    const gradient = (output: tf.Tensor) =>
      (tf.engine().runKernel(tf.MaxPoolGrad, { dy, input: x, output }, attrs) as tf.Tensor).dataSync();
    expect(gradient(tf.tensor(y.dataSync(), y.shape))).toEqual(gradient(y));
  });

  test('take no place of another pooling for their own', () =>
    expectAsOnCpu(() =>
      tf.grad((x) => {
        const coarse = tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
        return tf
          .maxPool(coarse, 1, 1, 'valid')
          .mul(noise(...coarse.shape))
          .sum();
      })(noise(2, 6, 6, 3)),
    ));

  test('the gradient of a maximum looks for its place again where the result is that of another input', () => {
    const grad = (engine: string) => {
      tf.setBackend(engine);
      return tf.tidy(() => {
        const large = tf.range(0, 64).reshape([1, 8, 8, 1]) as tf.Tensor4D;
        const output = tf.maxPool(large, 2, 2, 'valid');
        const input = tf.range(0, 16).reshape([1, 4, 4, 1]);
        const dy = tf.ones([1, 4, 4, 1]);
        const attrs = { filterSize: 2, strides: 1, pad: 'same' };
        const dx = tf.engine().runKernel('MaxPoolGrad', { dy, input, output }, attrs) as tf.Tensor;
        return [...dx.dataSync()];
      });
    };
    expect(grad('torch')).toEqual(grad('cpu'));
  });
});
