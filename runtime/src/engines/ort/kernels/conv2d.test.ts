import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise, useUnlimitedOrt } from '../against-cpu.test.kit.js';
import type { OrtBackend } from '../backend.js';

let backend: OrtBackend;
beforeAll(async () => {
  backend = await useUnlimitedOrt();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const geometries = fc.record({
  batch: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 7, max: 40 })),
  height: fc.integer({ min: 3, max: 7 }),
  width: fc.integer({ min: 3, max: 7 }),
  channels: fc.integer({ min: 1, max: 5 }),
  filters: fc.constantFrom(1, 3, 8, 16, 17, 32),
  filterHeight: fc.integer({ min: 1, max: 3 }),
  filterWidth: fc.integer({ min: 1, max: 3 }),
  stride: fc.constantFrom(1, 2, 3),
  pad: fc.constantFrom('same', 'valid', 1),
});

/** The convolution and both of its gradients. */
function convolutions(geometry: typeof geometries extends fc.Arbitrary<infer T> ? T : never) {
  const { batch, height, width, channels, filters, filterHeight, filterWidth, stride, pad } = geometry;
  return () => {
    const x = noise(batch, height, width, channels) as tf.Tensor4D;
    const filter = noise(filterHeight, filterWidth, channels, filters) as tf.Tensor4D;
    const convolve = (a: tf.Tensor4D, b: tf.Tensor4D) => tf.conv2d(a, b, stride, pad as 'same');
    const { value, grads } = tf.valueAndGrads((a, b) =>
      convolve(a as tf.Tensor4D, b as tf.Tensor4D)
        .square()
        .sum(),
    )([x, filter]);
    return [convolve(x, filter), value, ...grads];
  };
}

describe('conv2d and its gradients', () => {
  test('are those of cpu, for any geometry', async () => {
    expect(backend.directBlock).toBeDefined();
    await fc.assert(
      fc.asyncProperty(geometries, (geometry) => expectAsOnCpu(convolutions(geometry))),
      { numRuns: 40 },
    );
  });

  test('are those of cpu where the processor has no direct convolution', async () => {
    vi.spyOn(backend, 'directBlock', 'get').mockReturnValue(undefined);
    await fc.assert(
      fc.asyncProperty(geometries, (geometry) => expectAsOnCpu(convolutions(geometry))),
      { numRuns: 40 },
    );
  });

  test('take dilation', async () => {
    await expectAsOnCpu(() =>
      tf.conv2d(noise(2, 7, 7, 3) as tf.Tensor4D, noise(3, 3, 3, 4) as tf.Tensor4D, 1, 'same', 'NHWC', 2),
    );
  });

  test('take a bias and an activation in one', async () => {
    for (const activation of ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const) {
      await expectAsOnCpu(() =>
        tf.fused.conv2d({
          x: noise(2, 5, 5, 3) as tf.Tensor4D,
          filter: noise(3, 3, 3, 4) as tf.Tensor4D,
          bias: noise(4),
          strides: 1,
          pad: 'same',
          activation,
        }),
      );
    }
  });
});
