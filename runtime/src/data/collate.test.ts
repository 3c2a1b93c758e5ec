import '@tensorflow/tfjs-backend-cpu';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as tf from '../tf.js';
import { defaultCollate, newestTensorId } from './collate.js';
import { NdArray } from './nd-array.js';

const described = (tensor: tf.Tensor) => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  values: [...tensor.dataSync()],
});

describe('defaultCollate', () => {
  it('makes float32 of numbers, bool of booleans, and keeps strings', () => {
    const numbers = defaultCollate([1, 2.5, -3]);
    expectTypeOf(numbers).toEqualTypeOf<tf.Tensor1D>();
    expect(described(numbers)).toEqual({ dtype: 'float32', shape: [3], values: [1, 2.5, -3] });
    expect(described(defaultCollate([true, false]))).toEqual({ dtype: 'bool', shape: [2], values: [1, 0] });
    expect(defaultCollate(['a', 'b'])).toEqual(['a', 'b']);
  });

  it.each([
    [Float32Array.of(1, 2), 'float32'],
    [Float64Array.of(1, 2), 'float32'],
    [Int32Array.of(1, 2), 'int32'],
    [Uint8Array.of(1, 2), 'int32'],
    [Int16Array.of(1, 2), 'int32'],
  ])('stacks %o as %s', (array, dtype) => {
    const batch = defaultCollate([array, array, array]);
    expect(described(batch as tf.Tensor)).toEqual({ dtype, shape: [3, 2], values: [1, 2, 1, 2, 1, 2] });
  });

  it('keeps the shape and the dtype of NdArrays', () => {
    const image = new NdArray(Uint8Array.of(0, 1, 1, 0), [2, 2, 1], 'bool');
    expect(described(defaultCollate([image, image]))).toMatchObject({ dtype: 'bool', shape: [2, 2, 2, 1] });
    const label = new NdArray(Int32Array.of(7), []);
    expect(described(defaultCollate([label, label]))).toEqual({ dtype: 'int32', shape: [2], values: [7, 7] });
  });

  it('stacks nested number arrays of any depth', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 4 }), (shape, batchSize) => {
        const nest = (depth: number): unknown[] =>
          Array.from({ length: shape[depth]! }, (_, i) => (depth === shape.length - 1 ? i : nest(depth + 1)));
        const batch = defaultCollate(
          Array.from({ length: batchSize }, () => nest(0)),
        ) as unknown as tf.Tensor;
        // Below an empty dimension there is nothing that could show further dimensions.
        const empty = shape.indexOf(0);
        expect(batch.shape).toEqual([batchSize, ...(empty < 0 ? shape : shape.slice(0, empty + 1))]);
        expect(batch.size === 0 || batch.dtype === 'float32').toBe(true);
        batch.dispose();
      }),
    );
  });

  it('goes into records, tuples and arrays of other things', () => {
    const samples = [1, 2].map((k) => ({
      pair: [Float32Array.of(k, k), k] as [Float32Array, number],
      text: { id: `n${k}`, flags: [k === 1, true] },
    }));
    const batch = defaultCollate(samples);
    expectTypeOf(batch.pair).toEqualTypeOf<[tf.Tensor2D, tf.Tensor1D]>();
    expectTypeOf(batch.text.id).toEqualTypeOf<string[]>();
    expect(described(batch.pair[0])).toMatchObject({ shape: [2, 2], values: [1, 1, 2, 2] });
    expect(described(batch.pair[1])).toMatchObject({ shape: [2], values: [1, 2] });
    expect(batch.text.id).toEqual(['n1', 'n2']);
    expect(described(batch.text.flags)).toEqual({ dtype: 'bool', shape: [2, 2], values: [1, 1, 0, 1] });
  });

  it('stacks tensors, frees those made for the batch, leaves those of the dataset', () => {
    const owned = tf.tensor1d([1, 2]);
    const before = newestTensorId();
    const fresh = tf.tensor1d([3, 4]);
    const kept = tf.keep(tf.tensor1d([5, 6]));
    const batch = defaultCollate([owned, fresh, kept], before);
    expect(described(batch)).toEqual({ dtype: 'float32', shape: [3, 2], values: [1, 2, 3, 4, 5, 6] });
    expect([owned, fresh, kept].map((tensor) => tensor.isDisposed)).toEqual([false, true, false]);
  });

  it.each<[string, unknown[], RegExp]>([
    ['a number beside text', [1, 'a'], /Sample 1 .* a string, sample 0 holds a number/],
    [
      'shapes that differ',
      [Float32Array.of(1), Float32Array.of(1, 2)],
      /Sample 1 .* shape \[2\], sample 0 has \[1\]/,
    ],
    ['array types that differ', [Float32Array.of(1), Int32Array.of(1)], /Sample 1 .* a Int32Array/],
    ['ragged arrays', [[1, 2], [1]], /Sample 1 .*shape \[2\]/],
    ['ragged nested arrays', [[[1], [1, 2]]], /shape \[2, 1\]/],
    ['tuples of different lengths', [['a', 1], ['a']], /Sample 1 .* shape \[1\], sample 0 has \[2\]/],
    ['a missing key', [{ x: 1, y: 1 }, { x: 1 }], /Sample 1 .* lacks the key "y"/],
    ['an extra key', [{ x: 1 }, { x: 1, z: 1 }], /Sample 1 .* has the key "z"/],
    ['a nested difference', [{ a: { b: [1, 'x'] } }, { a: { b: [1, 2] } }], /at a\.b\[1\]/],
    ['null', [null], /null/],
    ['undefined', [{ x: undefined }], /undefined at x/],
    ['bigint', [1n], /a bigint/],
    ['a date', [new Date(0)], /a Date/],
    ['a Map', [new Map()], /a Map/],
    ['tensors of different shapes', [tf.zeros([2]), tf.zeros([3])], /shape \[3\], sample 0 has \[2\]/],
  ])('refuses %s', (_, samples, message) => {
    expect(() => defaultCollate(samples)).toThrow(message);
    expect(() => defaultCollate(samples)).toThrow(expect.objectContaining({ code: 'PL4005' }));
  });
});
