import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise } from '../../ort/against-cpu.test.kit.js';
import { registerTorch } from '../register.js';
import { addon, whyNot } from '../torch.test.kit.js';

const resizings = fc.record({
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  mode: fc.constantFrom([false, false] as const, [true, false] as const, [false, true] as const),
});

const resize = {
  bilinear: tf.image.resizeBilinear,
  nearest: tf.image.resizeNearestNeighbor,
};

describe.skipIf(addon === undefined)(`images ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });

  describe.each(['bilinear', 'nearest'] as const)('resized, %s,', (method) => {
    test('are those of cpu, for any size', () =>
      fc.assert(
        fc.asyncProperty(resizings, ({ height, width, mode }) =>
          expectAsOnCpu(() => resize[method](noise(2, 4, 6, 3) as tf.Tensor4D, [height, width], ...mode)),
        ),
        { numRuns: 60 },
      ));

    // tfjs's cpu gets the gradients wrong: that of nearest neighbours for batches, both for half-pixel centers.
    test('have the gradient of a linear map: <resize(x), y> = <x, gradient(y)>', () =>
      fc.assert(
        fc.property(resizings, ({ height, width, mode }) => {
          const resized = (x: tf.Tensor) => resize[method](x as tf.Tensor4D, [height, width], ...mode);
          const x = noise(2, 4, 6, 3);
          const y = noise(2, height, width, 3).square();
          const forward = resized(x).mul(y).sum().dataSync()[0]!;
          const dx = tf.grad((x) => resized(x).mul(y).sum())(x);
          expect(dx.shape).toEqual(x.shape);
          expect(dx.mul(x).sum().dataSync()[0]).toBeCloseTo(forward, 3);
          // Each image has its own part in it.
          const first = resized(x.slice(0, 1)).mul(y.slice(0, 1)).sum().dataSync()[0]!;
          expect(dx.slice(0, 1).mul(x.slice(0, 1)).sum().dataSync()[0]).toBeCloseTo(first, 3);
        }),
        { numRuns: 40 },
      ));
  });

  test('resized by nearest neighbours stay integers', () =>
    expectAsOnCpu(() =>
      tf.image.resizeNearestNeighbor(tf.range(0, 12, 1, 'int32').reshape([1, 2, 2, 3]), [3, 4]),
    ));

  test.each(['bilinear', 'nearest'] as const)('cropped, %s, are those of cpu', (method) =>
    expectAsOnCpu(() => {
      const boxes = tf.tensor2d([
        [0, 0, 1, 1],
        [0.1, 0.2, 0.7, 0.9],
        [0.9, 0.8, 0.2, 0.1],
        [-0.5, 0.3, 1.4, 0.6],
        [0.2, 0.2, 0.8, 0.8],
      ]);
      const image = noise(2, 6, 5, 3) as tf.Tensor4D;
      const of = tf.tensor1d([0, 1, 1, 0, 7], 'int32');
      return [
        tf.image.cropAndResize(image, boxes, of, [4, 7], method, -3),
        tf.image.cropAndResize(image, boxes, of, [1, 3], method, -3),
      ];
    }),
  );

  describe.each(['constant', 'reflect', 'wrap', 'nearest'] as const)('projected, filled by %s,', (fill) => {
    test.each(['nearest', 'bilinear'] as const)('%s, are those of cpu', (interpolation) =>
      expectAsOnCpu(() => {
        // cpu looks at the first image of a batch only.
        const image = noise(1, 7, 6, 2) as tf.Tensor4D;
        const projections = [
          [1, 0, 0, 0, 1, 0, 0, 0],
          [0.8, 0.3, -6.2, -0.4, 1.1, 9.3, 0, 0],
          [1.7, -0.2, -11.1, 0.1, 2.3, -8.7, 0.013, -0.021],
          [1, 0, 2.25, 0, 1, 3.75, -1, 0],
        ];
        return projections.map((projection) =>
          tf.image.transform(image, tf.tensor2d([projection]), interpolation, fill, 0.5, [9, 8]),
        );
      }),
    );
  });

  test('projected, each by its own projection', () => {
    const image = noise(2, 4, 4, 1) as tf.Tensor4D;
    const projections = tf.tensor2d([
      [1, 0, 1, 0, 1, 0, 0, 0],
      [1, 0, 0, 0, 1, 2, 0, 0],
    ]);
    const together = tf.image.transform(image, projections);
    const alone = [0, 1].map((i) =>
      tf.image.transform(image.slice(i, 1), projections.slice(i, 1) as tf.Tensor2D),
    );
    expect(together.dataSync()).toEqual(tf.concat(alone).dataSync());
  });

  test('rotated and flipped are those of cpu', () =>
    expectAsOnCpu(() => {
      const image = noise(2, 6, 7, 3) as tf.Tensor4D;
      return [
        tf.image.rotateWithOffset(image, 0.7, 0.25, [0.4, 0.6]),
        tf.image.rotateWithOffset(noise(1, 5, 5, 4) as tf.Tensor4D, -2.1, [1, 2, 3], 0.5),
        tf.image.flipLeftRight(image),
      ];
    }));

  test('give the boxes that cpu chooses, for any boxes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(5)), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.constantFrom(0, 0.3, 0.5),
        fc.constantFrom(0, 0.25),
        (drawn, iou, sigma) =>
          expectAsOnCpu(() => {
            const boxes = tf.tensor2d(drawn.map(([a, b, c, d]) => [a, b, c, d]));
            const scores = tf.tensor1d(drawn.map(([, , , , score]) => score / 5));
            const padded = tf.image.nonMaxSuppressionPadded(boxes, scores, 8, iou, 0.1, true);
            const soft = tf.image.nonMaxSuppressionWithScore(boxes, scores, 8, iou, 0.1, sigma);
            return [
              tf.image.nonMaxSuppression(boxes, scores, 8, iou, 0.1),
              ...Object.values(padded),
              ...Object.values(soft),
            ] as tf.Tensor[];
          }),
      ),
      { numRuns: 60 },
    ));

  test('normalized are those of cpu', () =>
    expectAsOnCpu(() => {
      const x = noise(2, 3, 4, 5) as tf.Tensor4D;
      const [mean, variance, offset, scale] = [0, 1, 2, 3].map((i) => noise(5).add(i + 1)) as [
        tf.Tensor1D,
        tf.Tensor1D,
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      const respond = (x: tf.Tensor) => tf.localResponseNormalization(x as tf.Tensor4D, 2, 1.5, 0.7, 0.6);
      return [
        tf.batchNorm(x, mean, variance, offset, scale, 0.01),
        tf.batchNorm(x, mean, variance),
        tf.batchNorm(x, x.mul(2), x.square(), undefined, x),
        respond(x),
        tf.grad((x) =>
          respond(x)
            .mul(noise(2, 3, 4, 5))
            .sum(),
        )(x),
      ];
    }));

  test('moved by blocks and mirrored are those of cpu', () =>
    expectAsOnCpu(() => {
      const x = noise(2, 4, 6, 8) as tf.Tensor4D;
      const batches = tf.spaceToBatchND(
        x,
        [2, 3],
        [
          [1, 1],
          [0, 3],
        ],
      );
      return [
        batches,
        tf.batchToSpaceND(
          batches,
          [2, 3],
          [
            [1, 0],
            [0, 2],
          ],
        ),
        tf.spaceToBatchND(x.cast('int32'), [2], [[2, 0]]),
        tf.depthToSpace(x, 2),
        tf.mirrorPad(
          x,
          [
            [1, 0],
            [2, 3],
            [0, 5],
            [7, 1],
          ],
          'reflect',
        ),
        tf.mirrorPad(x.cast('int32'), new Array<[number, number]>(4).fill([2, 1]), 'symmetric'),
      ];
    }));

  test('moved by blocks, channels first', () => {
    const x = noise(2, 8, 3, 4) as tf.Tensor4D;
    const last = tf.depthToSpace(x.transpose([0, 2, 3, 1]), 2).transpose([0, 3, 1, 2]);
    expect(tf.depthToSpace(x, 2, 'NCHW').dataSync()).toEqual(last.dataSync());
  });

  test.each(['same', 'valid'] as const)('dilated, padded %s, are those of cpu', (pad) =>
    expectAsOnCpu(() => {
      const x = noise(2, 7, 6, 3);
      const filter = noise(3, 2, 3);
      const dilate = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, 2, pad, 1);
      return [
        dilate(x, filter),
        dilate(x.mul(9).cast('int32'), filter.mul(9).cast('int32')),
        tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, 1, pad, [1, 2]),
        ...tf.grads((x, filter) => dilate(x!, filter!).square().sum())([x, filter]),
      ];
    }),
  );
});
