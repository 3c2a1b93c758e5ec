import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../../tf.js';
import { expectAsOnCpu, noise, useUnlimitedOrt } from '../against-cpu.test.kit.js';

beforeAll(() => useUnlimitedOrt());

const dim = fc.integer({ min: 1, max: 5 });
const shapes = fc.array(dim, { minLength: 1, maxLength: 5 });

describe('matrix products', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('are those of cpu, transposed %s and %s', async (transposeA, transposeB) => {
    const sizes = fc.tuple(fc.constantFrom([], [1], [3], [2, 3]), dim, dim, dim);
    await fc.assert(
      fc.asyncProperty(sizes, ([outer, m, k, n]) =>
        expectAsOnCpu(() => {
          const a = noise(...outer, ...(transposeA ? [k, m] : [m, k]));
          const b = noise(...outer, ...(transposeB ? [n, k] : [k, n]));
          return tf.matMul(a, b, transposeA, transposeB);
        }),
      ),
    );
  });

  test('serve a whole batch with one matrix', async () => {
    await expectAsOnCpu(() => tf.matMul(noise(3, 4, 5), noise(1, 5, 2)));
    await expectAsOnCpu(() => tf.matMul(noise(3, 5, 4), noise(1, 5, 2), true));
    await expectAsOnCpu(() => tf.matMul(noise(1, 4, 5), noise(3, 5, 2)));
  });

  test('take a bias and an activation in one', async () => {
    for (const activation of ['linear', 'relu', 'relu6', 'elu', 'sigmoid'] as const) {
      await expectAsOnCpu(() =>
        tf.fused.matMul({ a: noise(3, 4), b: noise(4, 5), bias: noise(5), activation }),
      );
    }
  });
});

const special = [0, -0, 1, -1, 0.5, 2, -3.5, 1e-40, -1e-40, 88, -88, Infinity, -Infinity, NaN];

describe('element-wise kernels', () => {
  const floats = () => tf.tensor1d(special);
  test.each<[string, (x: tf.Tensor) => tf.Tensor]>(
    Object.entries({
      abs: tf.abs,
      ceil: tf.ceil,
      clip: (x: tf.Tensor) => tf.clipByValue(x, -1, 2),
      elu: tf.elu,
      erf: tf.erf,
      exp: tf.exp,
      floor: tf.floor,
      leakyRelu: (x: tf.Tensor) => tf.leakyRelu(x, 0.1),
      log: tf.log,
      neg: tf.neg,
      reciprocal: tf.reciprocal,
      relu: tf.relu,
      relu6: tf.relu6,
      rsqrt: tf.rsqrt,
      sigmoid: tf.sigmoid,
      sign: tf.sign,
      softplus: tf.softplus,
      sqrt: tf.sqrt,
      square: tf.square,
      step: (x: tf.Tensor) => tf.step(x),
      tanh: tf.tanh,
    } as Record<string, (x: tf.Tensor) => tf.Tensor>),
  )('%s is that of cpu, also for zeros, denormals, infinities and NaN', async (_, kernel) => {
    await expectAsOnCpu(() => special.map((value) => kernel(tf.tensor1d([value]))), 1e-6);
    await expectAsOnCpu(() => kernel(noise(7, 9)), 1e-6);
  });

  test.each<[string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor]>(
    Object.entries({
      add: tf.add,
      div: tf.div,
      maximum: tf.maximum,
      minimum: tf.minimum,
      mul: tf.mul,
      pow: (a: tf.Tensor, b: tf.Tensor) => tf.pow(a.abs(), b),
      squaredDifference: tf.squaredDifference,
      sub: tf.sub,
      equal: tf.equal,
      greater: tf.greater,
      greaterEqual: tf.greaterEqual,
      less: tf.less,
      lessEqual: tf.lessEqual,
      notEqual: tf.notEqual,
    } as Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>),
  )('%s is that of cpu, with broadcasting', async (_, kernel) => {
    await expectAsOnCpu(() =>
      kernel(floats().reshape([1, special.length]), tf.tensor2d([1, 0.5, 2], [3, 1])),
    );
    const axis = fc.tuple(dim, fc.boolean(), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 4 }), (axes) =>
        expectAsOnCpu(() =>
          kernel(
            noise(...axes.map(([size, shared]) => (shared ? 1 : size))),
            noise(...axes.map(([size, , shared]) => (shared ? 1 : size))).add(2),
          ),
        ),
      ),
      { numRuns: 20 },
    );
  });

  test('a power of two, a choice and a long sum are those of cpu', async () => {
    await expectAsOnCpu(() => [
      tf.pow(noise(3, 4), 2),
      tf.pow(tf.scalar(3), 2),
      tf.addN([noise(5), noise(5), noise(5)]),
    ]);
    await expectAsOnCpu(() => tf.where(noise(3, 4).greater(0), noise(3, 4), tf.zeros([3, 4])));
  });
});

describe('reductions', () => {
  test.each(Object.entries({ sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min, prod: tf.prod }))(
    '%s is that of cpu, over any axes',
    async (_, kernel) => {
      const cases = shapes.chain((shape) =>
        fc.tuple(
          fc.constant(shape),
          fc.subarray(
            shape.map((_, axis) => axis),
            { minLength: 1 },
          ),
          fc.boolean(),
        ),
      );
      await fc.assert(
        fc.asyncProperty(cases, ([shape, axes, keepDims]) =>
          expectAsOnCpu(() => kernel(noise(...shape), axes, keepDims)),
        ),
        { numRuns: 40 },
      );
    },
  );

  test('the sum of many rows is that of cpu, whatever number divides them', async () => {
    for (const [rows, columns] of [
      [2048, 64],
      [1696, 65],
      [1601, 64],
      [4, 40_000],
    ] as const) {
      await expectAsOnCpu(() => [noise(rows, columns).sum(0), noise(rows, columns).sum(0, true)]);
    }
  });

  test('max and min find NaN', async () => {
    await expectAsOnCpu(() => {
      const x = tf.tensor2d([1, NaN, 3, 4, 5, 6, Infinity, -Infinity, 0], [3, 3]);
      return [tf.max(x, 1), tf.min(x, 1), tf.max(x), tf.min(x, 0)];
    });
  });

  test('softmax is that of cpu, also for large and for masked logits', async () => {
    await expectAsOnCpu(() => [
      tf.softmax(noise(4, 7).mul(50)),
      tf.softmax(tf.tensor2d([1, -Infinity, 3, 1000, 999, 998], [2, 3])),
    ]);
  });
});

describe('kernels that move values', () => {
  test('transpose is that of cpu, for any order of axes', async () => {
    const cases = shapes.chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.shuffledSubarray(
          shape.map((_, axis) => axis),
          { minLength: shape.length },
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(cases, ([shape, perm]) => expectAsOnCpu(() => tf.transpose(noise(...shape), perm))),
      { numRuns: 60 },
    );
  });

  test('slice and pad are those of cpu', async () => {
    const cases = fc.array(
      dim.chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(2), fc.nat(2))),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(cases, (axes) =>
        expectAsOnCpu(() => {
          const x = noise(...axes.map(([size]) => size));
          const begin = axes.map(([, start]) => start);
          const paddings = axes.map(([, , before, after]) => [before, after] as [number, number]);
          return [
            tf.slice(x, begin),
            tf.slice(
              x,
              begin,
              begin.map(() => 1),
            ),
            tf.pad(x, paddings, 3),
          ];
        }),
      ),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 2])('joining and cutting along axis %i are those of cpu', async (axis) => {
    await expectAsOnCpu(() => {
      const x = noise(4, 6, 2);
      const joined = tf.concat([x, x.neg(), x.square()], axis);
      return [joined, tf.stack([x, x.neg()], axis), ...tf.split(x, 2, axis), ...tf.unstack(x, axis)];
    });
  });

  test('stacking along a new last axis, tiling and filling are those of cpu', async () => {
    await expectAsOnCpu(() => [
      tf.stack([noise(2, 3), noise(2, 3).neg()], 2),
      tf.tile(noise(2, 3), [2, 4]),
      tf.fill([3, 4], 2.5),
      tf.zerosLike(noise(5)),
      tf.onesLike(noise(5)),
    ]);
  });

  test('gather and its gradient are those of cpu', async () => {
    await expectAsOnCpu(() => {
      const rows = tf.tensor1d([3, 0, 3, 1], 'int32');
      const byRow = tf.grad((x) => tf.gather(x, rows).square().sum());
      const byColumn = tf.grad((x) => tf.gather(x, rows, 1).square().sum());
      const x = noise(4, 4);
      return [tf.gather(x, rows), tf.gather(x, rows, 1), byRow(x), byColumn(x)];
    });
  });

  test('a gather refuses an index out of range', () => {
    expect(() => tf.gather(noise(4, 4), tf.tensor1d([4], 'int32'))).toThrow(/4.*\[0, 3\]/);
  });
});

describe('pools', () => {
  const geometry = fc.record({
    size: fc.integer({ min: 1, max: 3 }),
    strides: fc.integer({ min: 1, max: 3 }),
    pad: fc.constantFrom<('same' | 'valid')[]>('same', 'valid'),
    shape: fc.tuple(dim, fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 }), dim),
  });
  test('and their gradients are those of cpu', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, ({ size, strides, pad, shape }) =>
        expectAsOnCpu(() => {
          // Rounded, so that windows have several maxima.
          const x = noise(...shape)
            .mul(3)
            .round() as tf.Tensor4D;
          return [tf.maxPool, tf.avgPool].flatMap((pool) => {
            const run = (a: tf.Tensor) => pool(a as tf.Tensor4D, size, strides, pad);
            return [run(x), tf.grad((a) => run(a).square().sum())(x)];
          });
        }),
      ),
      { numRuns: 60 },
    );
  });
});

test('2 × 2 pools of an image that they cover, and their gradients, are those of cpu', async () => {
  const even = fc.integer({ min: 1, max: 3 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(dim, even, even, dim), ([batch, height, width, channels]) =>
      expectAsOnCpu(() => {
        const x = noise(batch, 2 * height, 2 * width, channels)
          .mul(2)
          .round() as tf.Tensor4D;
        const run = (a: tf.Tensor) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid');
        const dy = noise(batch, height, width, channels).add(2);
        return [run(x), tf.grad(run)(x, dy), tf.avgPool(x, 2, 2, 'valid')];
      }),
    ),
    { numRuns: 30 },
  );
});

test('batch normalization is that of cpu', async () => {
  await expectAsOnCpu(() => {
    const variance = noise(5).square();
    return tf.batchNorm(
      noise(2, 3, 4, 5) as tf.Tensor4D,
      noise(5) as tf.Tensor1D,
      variance as tf.Tensor1D,
      noise(5) as tf.Tensor1D,
      noise(5).neg() as tf.Tensor1D,
    );
  }, 1e-4);
});
