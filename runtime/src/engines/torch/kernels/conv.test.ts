import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise } from '../../ort/against-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

const explicit: tf.backend_util.ExplicitPadding = [
  [0, 0],
  [2, 0],
  [0, 1],
  [0, 0],
];

const geometries = fc.record({
  batch: fc.integer({ min: 1, max: 20 }),
  height: fc.integer({ min: 3, max: 8 }),
  width: fc.integer({ min: 3, max: 8 }),
  channels: fc.integer({ min: 1, max: 4 }),
  filters: fc.integer({ min: 1, max: 5 }),
  filterHeight: fc.integer({ min: 1, max: 3 }),
  filterWidth: fc.integer({ min: 1, max: 3 }),
  stride: fc.constantFrom(1, 2, 3),
  pad: fc.constantFrom<Pad>('same', 'valid', 1, explicit),
  rounding: fc.constantFrom('floor' as const, 'round' as const, 'ceil' as const),
});
type Geometry = typeof geometries extends fc.Arbitrary<infer T> ? T : never;

/** The results of a function of two tensors and its gradients. */
function withGradients(f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, a: tf.Tensor, b: tf.Tensor) {
  const { value, grads } = tf.valueAndGrads((a, b) => f(a!, b!).square().sum())([a, b]);
  return [f(a, b), value, ...grads];
}

function roundingOf({ pad, rounding }: Geometry) {
  return typeof pad === 'string' ? undefined : rounding;
}

describe.skipIf(addon === undefined)(`convolutions ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });

  test('and their gradients are those of cpu, for any geometry', () =>
    fc.assert(
      fc.asyncProperty(geometries, (geometry) =>
        expectAsOnCpu(() => {
          const { batch, height, width, channels, filters, filterHeight, filterWidth, stride, pad } =
            geometry;
          return withGradients(
            (x, filter) =>
              tf.conv2d(
                x as tf.Tensor4D,
                filter as tf.Tensor4D,
                stride,
                pad,
                'NHWC',
                1,
                roundingOf(geometry),
              ),
            noise(batch, height, width, channels),
            noise(filterHeight, filterWidth, channels, filters),
          );
        }),
      ),
      { numRuns: 60 },
    ));

  test('depthwise, and their gradients are those of cpu, for any geometry', () =>
    fc.assert(
      fc.asyncProperty(geometries, (geometry) =>
        expectAsOnCpu(() => {
          const { batch, height, width, channels, filters, filterHeight, filterWidth, stride, pad } =
            geometry;
          return withGradients(
            (x, filter) =>
              tf.depthwiseConv2d(
                x as tf.Tensor4D,
                filter as tf.Tensor4D,
                stride,
                pad,
                'NHWC',
                1,
                roundingOf(geometry),
              ),
            noise(batch, height, width, channels),
            noise(filterHeight, filterWidth, channels, filters),
          );
        }),
      ),
      { numRuns: 40 },
    ));

  test('over three dimensions, and their gradients are those of cpu, for any geometry', () =>
    fc.assert(
      fc.asyncProperty(geometries, ({ height, width, channels, filters, filterHeight, stride, pad }) =>
        expectAsOnCpu(() =>
          withGradients(
            (x, filter) =>
              tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, stride, pad === 'valid' ? 'valid' : 'same'),
            noise(2, 4, height, width, channels),
            noise(2, filterHeight, 3, channels, filters),
          ),
        ),
      ),
      { numRuns: 20 },
    ));

  test('take dilation, whole and depthwise', () =>
    expectAsOnCpu(() => {
      const x = noise(2, 9, 8, 3) as tf.Tensor4D;
      const filter = noise(3, 2, 3, 4) as tf.Tensor4D;
      return [
        tf.conv2d(x, filter, 1, 'same', 'NHWC', [2, 3]),
        tf.depthwiseConv2d(x, filter, 1, 'valid', 'NHWC', [3, 2]),
      ];
    }));

  test('take channels first', () =>
    expectAsOnCpu(() =>
      withGradients(
        (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 1, 'NCHW'),
        noise(3, 2, 7, 6),
        noise(3, 3, 2, 4),
      ),
    ));

  test.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const)(
    'fuse a bias and %s',
    (activation) =>
      expectAsOnCpu(() => {
        const x = noise(2, 6, 5, 3).mul(8) as tf.Tensor4D;
        const filter = noise(3, 3, 3, 2) as tf.Tensor4D;
        const common = { x, filter, strides: 1, pad: 'same' as const, activation, leakyreluAlpha: 0.3 };
        const alpha = (size: number) =>
          activation === 'prelu' ? { preluActivationWeights: noise(size).add(0.5) } : {};
        const depthwise = tf.fused.depthwiseConv2d({ ...common, bias: noise(6), ...alpha(6) });
        return [
          tf.fused.conv2d({ ...common, bias: noise(2), ...alpha(2) }),
          tf.fused.conv2d({ ...common, bias: noise(1), ...alpha(1) }),
          tf.fused.conv2d({
            ...common,
            x: x.transpose([0, 3, 1, 2]),
            dataFormat: 'NCHW',
            bias: noise(2),
            ...alpha(2),
          }),
          depthwise,
        ];
      }),
  );

  test('read views without minding their memory', () =>
    expectAsOnCpu(() => {
      const x = noise(5, 3, 6, 7).transpose([0, 2, 3, 1]) as tf.Tensor4D;
      const filter = noise(4, 3, 3, 3).transpose([2, 3, 1, 0]) as tf.Tensor4D;
      return withGradients(
        (a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'),
        x.slice([1, 0, 1, 0], [3, 6, 5, 3]),
        filter,
      );
    }));

  test('transposed, crop what lies beyond the output', () =>
    expectAsOnCpu(() =>
      tf.conv2dTranspose(
        noise(2, 4, 4, 3) as tf.Tensor4D,
        noise(2, 2, 5, 3) as tf.Tensor4D,
        [2, 6, 6, 5],
        2,
        'valid',
      ),
    ));

  test('say which shapes do not belong together', () => {
    const gradient = () =>
      tf
        .engine()
        .runKernel(
          tf.Conv2DBackpropInput,
          { dy: noise(2, 3, 3, 4), filter: noise(3, 3, 2, 4) },
          { strides: 1, pad: 'valid', dataFormat: 'NHWC', inputShape: [2, 9, 9, 2] },
        );
    expect(gradient).toThrow(/conv_grad_input of Float \[2, 3, 3, 4\].*dy is smaller/);
  });
});
