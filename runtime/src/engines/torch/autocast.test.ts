import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import '../default.js';
import { autocastEngine } from '../autocast-engine.js';
import type { TorchBackend } from './backend.js';
import { registerTorch } from './register.js';
import { addon, whyNot } from './torch.test.kit.js';

const backend = () => tf.backend() as TorchBackend;
const typeOf = (x: tf.TensorInfo) => backend().typeOf(x);
const engine = () => autocastEngine('torch')!;
const mixed = <Result>(f: () => Result) => engine().autocast('bfloat16', f);
const everywhere = <Result>(f: () => Result) => engine().computeIn!('bfloat16', f);

const random = (shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', 3);
/** A tensor of 16 bits. */
const half = (shape: number[]) =>
  mixed(() => tf.matMul(random([1, 1]), tf.ones([1, tf.util.sizeFromShape(shape)]))).reshape(shape);
const image = () => random([1, 4, 4, 2]) as tf.Tensor4D;
const filter = () => random([3, 3, 2, 4]) as tf.Tensor4D;
const floats = () => random([4, 4]);

describe.skipIf(addon === undefined)(`16 bits on the torch engine ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });
  afterEach(() => expect(backend().precision).toBe(0));

  test.each<[string, () => tf.Tensor]>([
    ['a product', () => tf.matMul(floats(), floats())],
    [
      'a fused product',
      () =>
        tf.fused.matMul({
          a: floats() as tf.Tensor2D,
          b: floats() as tf.Tensor2D,
          bias: random([4]),
          activation: 'relu',
        }),
    ],
    ['an einsum', () => tf.einsum('ij,jk->ik', floats(), floats())],
    ['a convolution', () => tf.conv2d(image(), filter(), 1, 'same')],
    ['a depthwise convolution', () => tf.depthwiseConv2d(image(), filter(), 1, 'same')],
    [
      'a transposed convolution',
      () => tf.conv2dTranspose(image(), random([3, 3, 4, 2]) as tf.Tensor4D, [1, 8, 8, 4], 2, 'same'),
    ],
    [
      'a convolution over volumes',
      () =>
        tf.conv3d(random([1, 4, 4, 4, 2]) as tf.Tensor5D, random([3, 3, 3, 2, 4]) as tf.Tensor5D, 1, 'same'),
    ],
  ])('%s computes in 16 bits', (_, compute) => {
    const y = mixed(compute);
    expect(y.dtype).toBe('float32');
    expect(typeOf(y)).toBe('BFloat16');
    expectClose(y, compute(), 0.02);
    expect(typeOf(compute())).toBe('Float');
  });

  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['reshape', (x) => x.reshape([16])],
    ['transpose', (x) => x.transpose()],
    ['slice', (x) => x.slice([1], [2])],
    ['concat', (x) => tf.concat([x, x])],
    ['gather', (x) => tf.gather(x, [0, 2])],
    [
      'pad',
      (x) =>
        tf.pad(x, [
          [1, 1],
          [0, 0],
        ]),
    ],
    ['relu', (x) => x.relu()],
    ['sigmoid', (x) => x.sigmoid()],
    ['a sum of two', (x) => x.add(x)],
    ['a factor', (x) => x.mul(0.5)],
    ['a bias', (x) => x.add(tf.ones([4]))],
    ['a bias first', (x) => tf.add(tf.ones([4]), x)],
    ['the largest', (x) => x.max()],
    ['max pooling', (x) => tf.maxPool(x.reshape([1, 4, 4, 1]) as tf.Tensor4D, 2, 2, 'valid')],
    ['max pooling of volumes', (x) => tf.maxPool3d(x.reshape([1, 4, 2, 2, 1]) as tf.Tensor5D, 2, 2, 'valid')],
  ])('%s stays in the 16 bits that it gets, and in float32', (_, compute) => {
    const x = half([4, 4]);
    expect(typeOf(mixed(() => compute(x)))).toBe('BFloat16');
    expect(typeOf(mixed(() => compute(floats())))).toBe('Float');
    expectClose(compute(x), compute(tf.tensor(x.dataSync(), x.shape)), 0.02);
  });

  test.each<[string, (x: tf.Tensor) => tf.Tensor]>([
    ['softmax', (x) => tf.softmax(x)],
    ['a sum', (x) => x.sum()],
    ['a mean', (x) => x.mean(0)],
    ['exp', (x) => x.exp()],
    ['a square', (x) => x.square()],
    ['average pooling', (x) => tf.avgPool(x.reshape([1, 4, 4, 1]) as tf.Tensor4D, 2, 2, 'valid')],
    ['batch normalization', (x) => tf.batchNorm(x as tf.Tensor2D, [0, 0, 0, 0], [1, 1, 1, 1])],
    ['a kernel of the host', (x) => tf.unique(x.flatten()).values],
    ['a residual', (x) => x.add(floats())],
    ['concat with float32', (x) => tf.concat([x, floats()])],
  ])('%s is float32', (_, compute) => {
    const x = half([4, 4]);
    const y = mixed(() => compute(x));
    expect(typeOf(y)).toBe('Float');
    expectClose(y, compute(tf.tensor(x.dataSync(), x.shape)), 1e-5);
  });

  test('integers stay integers', () => {
    const x = tf.tensor2d([[1000, 3]], [1, 2], 'int32');
    const y = mixed(() => tf.matMul(x, x, false, true));
    expect([...y.dataSync()]).toEqual([1_000_009]);
    expect(typeOf(y)).toBe('Int');
    expect(typeOf(everywhere(() => x.add(x)))).toBe('Int');
  });

  test('what 16 bits left behind goes on in float32 outside', () => {
    const x = half([4, 4]);
    const y = tf.matMul(x, floats());
    expect(typeOf(y)).toBe('Float');
  });

  test('everywhere, every first result has 16 bits, also of sums', () => {
    for (const y of everywhere(() => [
      floats().sum(),
      floats().softmax(),
      floats().add(1),
      tf.matMul(floats(), floats()),
    ])) {
      expect(typeOf(y)).toBe('BFloat16');
    }
  });

  test('variables can be kept in 16 bits', () => {
    const v = tf.variable(tf.tensor1d([1 + 2 ** -10, 2]));
    const count = tf.variable(tf.tensor1d([2 ** 30 + 1], 'int32'));
    engine().convertVariables!([v, count], 'bfloat16');
    expect([typeOf(v), typeOf(count)]).toEqual(['BFloat16', 'Int']);
    expect([...v.dataSync()]).toEqual([1, 2]);
    expect([...count.dataSync()]).toEqual([2 ** 30 + 1]);
  });

  test('the cast of a weight follows its values', () => {
    const v = tf.variable(tf.ones([2, 2]));
    const x = tf.ones([1, 2]);
    const y = () => mixed(() => tf.matMul(x, v).dataSync()[0]);
    expect(y()).toBe(2);
    v.assign(tf.fill([2, 2], 3));
    expect(y()).toBe(6);
    expect(engine().scaleAndCheckFinite!([v], 2)).toBe(true);
    expect(y()).toBe(12);
  });

  test('casts are counted and given back', () => {
    const x = random([64, 64]);
    const before = addon!.memory().bytes;
    mixed(() => tf.matMul(x, x).dispose());
    addon!.flush();
    expect(addon!.memory().bytes - before).toBe(2 * 64 * 64);
    x.dispose();
    addon!.flush();
    expect(addon!.memory().bytes - before).toBe(-4 * 64 * 64);
  });

  test('gradients follow the operations whose gradients they are', () => {
    const types: string[] = [];
    const watched = tf.customGrad((x) => ({
      value: (x as tf.Tensor).clone(),
      gradFunc: (dy) => {
        types.push(typeOf(tf.matMul(floats(), floats())));
        return dy as tf.Tensor;
      },
    }));
    const w = floats();
    const loss = (x: tf.Tensor) => watched(mixed(() => watched(tf.matMul(x, w)))).sum() as tf.Scalar;
    const dx = tf.grad(loss)(floats());
    expect(types).toEqual(['Float', 'BFloat16']);
    expect(typeOf(dx)).toBe('BFloat16');
    expectClose(dx, tf.matMul(tf.ones([4, 4]), w, false, true), 0.02);
  });

  test('one precision within another holds until its end, also when it throws', () => {
    mixed(() => {
      expect(backend().precision).toBe(2);
      everywhere(() => expect(backend().precision).toBe(6));
      expect(() =>
        engine().autocast('float16', () => {
          throw new Error('no');
        }),
      ).toThrow('no');
      expect(backend().precision).toBe(2);
    });
  });

  test.each<[string, readonly string[]]>([
    ['cpu', ['bf16-mixed', 'bf16-true']],
    ['cuda:1', ['16-mixed', 'bf16-mixed', '16-true', 'bf16-true']],
    ['mps', ['16-mixed', '16-true']],
  ])('on %s it can do %o', (device, precisions) => {
    expect(engine().precisions(device)).toEqual(precisions);
  });

  test('multiplies gradients in place and tells whether they were finite', () => {
    const scale = engine().scaleAndCheckFinite!.bind(engine());
    const finite = [tf.tensor1d([1, -2]), tf.tensor2d([[4]]), tf.tensor1d([])];
    expect(scale(finite, 0.5)).toBe(true);
    expect(finite.map((x) => [...x.dataSync()])).toEqual([[0.5, -1], [2], []]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const tensors = [tf.tensor1d([8, bad]), tf.tensor1d([6])];
      expect(scale(tensors, 0.5)).toBe(false);
      expect([...tensors[1]!.dataSync()]).toEqual([3]);
    }
  });

  test('a gradient of 16 bits becomes float32 where it is written', () => {
    const x = half([2]);
    expect(engine().scaleAndCheckFinite!([x], 1)).toBe(true);
    expect(typeOf(x)).toBe('Float');
  });

  test('takes the precisions of matrix products', () => {
    for (const precision of ['high', 'medium', 'highest'] as const) {
      expect(() => engine().setMatmulPrecision!(precision)).not.toThrow();
    }
  });
});

/** Largest difference, relative to the largest magnitude. */
function expectClose(actual: tf.Tensor, expected: tf.Tensor | Float32Array, tolerance: number): void {
  const want = expected instanceof tf.Tensor ? expected.dataSync() : expected;
  const got = actual.dataSync();
  expect(got.length).toBe(want.length);
  const largest = Math.max(...Array.from(want, Math.abs), 1);
  expect(Math.max(...Array.from(got, (value, i) => Math.abs(value - want[i]!)), 0)).toBeLessThan(
    tolerance * largest,
  );
}
