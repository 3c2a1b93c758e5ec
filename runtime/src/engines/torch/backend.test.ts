import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import '../default.js';
import { registerTorch } from './register.js';
import { addon, whyNot } from './torch.test.kit.js';

describe.skipIf(addon === undefined)(`the torch backend ${whyNot}`, () => {
  beforeAll(async () => {
    registerTorch(addon!);
    await tf.setBackend('torch');
  });

  test('takes a tensor to another engine and back', async () => {
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const doubled = x.mul(2);
    await tf.setBackend('cpu');
    expect([...doubled.add(1).dataSync()]).toEqual([3, 5, 7, 9]);
    await tf.setBackend('torch');
    expect([...doubled.matMul(x).dataSync()]).toEqual([14, 20, 30, 44]);
    tf.dispose([x, doubled]);
  });

  test('gives its memory back, and says what is in use', () => {
    const before = addon!.memory();
    const x = tf.ones([1000]);
    const view = x.reshape([10, 100]);
    expect(addon!.memory().bytes - before.bytes).toBe(4000);
    x.dispose();
    expect([...view.sum().dataSync()]).toEqual([1000]);
    tf.dispose(view);
    expect(addon!.memory().bytes - before.bytes).toBeLessThan(100);
  });

  test('a disposed tensor is an error, and disposing twice is none', () => {
    const x = tf.tensor1d([1, 2]);
    const { dataId } = x;
    x.dispose();
    x.dispose();
    expect(() =>
      tf.engine().runKernel('Neg', { x: { dataId, shape: [2], dtype: 'float32' } } as never),
    ).toThrow(expect.objectContaining({ code: 'PL6012' }));
  });

  test('a refusal of libtorch names the operation and its operands, and the engine goes on', () => {
    const [a, b] = [tf.ones([2, 3]), tf.ones([2, 3])];
    expect(() =>
      tf.engine().runKernel('BatchMatMul', { a, b }, { transposeA: false, transposeB: false }),
    ).toThrow(
      expect.objectContaining({
        code: 'PL6010',
        message: expect.stringMatching(/^matmul of Float \[2, 3\], Float \[2, 3\]:/),
      }),
    );
    expect([...a.add(b).sum().dataSync()]).toEqual([12]);
  });

  test('memory that is not there is an error with a way out', () => {
    expect(() => tf.fill([2 ** 30, 2 ** 12], 1)).toThrow(expect.objectContaining({ code: 'PL6011' }));
    expect([...tf.fill([2], 1).dataSync()]).toEqual([1, 1]);
  });
});
