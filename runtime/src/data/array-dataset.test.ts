import '@tensorflow/tfjs-backend-cpu';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as tf from '../tf.js';
import { ArrayDataset } from './array-dataset.js';
import { defaultCollate } from './collate.js';
import { subset } from './subset.js';

const pixels = Float32Array.from({ length: 5 * 12 }, (_, i) => i / 7);
const digits = new ArrayDataset({
  images: { data: pixels, shape: [5, 2, 6] },
  labels: Int32Array.of(4, 3, 2, 1, 0),
  masks: { data: Uint8Array.of(1, 0, 1, 0, 1), shape: [5, 1], dtype: 'bool' },
  names: ['four', 'three', 'two', 'one', 'zero'],
});

describe('ArrayDataset', () => {
  it('types its batches by the shapes of the columns', () => {
    const batch = digits.batch([0]);
    expectTypeOf(batch.images).toEqualTypeOf<tf.Tensor3D>();
    expectTypeOf(batch.labels).toEqualTypeOf<tf.Tensor1D>();
    expectTypeOf(batch.names).toEqualTypeOf<string[]>();
    expect(batch.names).toEqual(['four']);
  });

  it('makes the same batch at once as sample by sample', () => {
    const indices = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(indices, fc.boolean(), (order, throughSubset) => {
        const source = throughSubset ? subset(digits, [0, 1, 2, 3, 4]) : digits;
        const batch = source.batch(order) as ReturnType<typeof digits.batch>;
        const collated = defaultCollate(order.map((i) => digits.at(i)));
        expect(batch.names).toEqual(collated.names);
        for (const name of ['images', 'labels', 'masks'] as const) {
          const [a, b]: [tf.Tensor, tf.Tensor] = [batch[name], collated[name]];
          expect([a.dtype, a.shape, [...a.dataSync()]]).toEqual([b.dtype, b.shape, [...b.dataSync()]]);
        }
      }),
    );
  });

  it('takes columns without names', () => {
    const pairs = new ArrayDataset([
      { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
      Float64Array.of(5, 6),
    ]);
    const [x, y] = pairs.batch([1, 0]);
    expectTypeOf(x).toEqualTypeOf<tf.Tensor2D>();
    expect([[...x.dataSync()], [...y.dataSync()], y.dtype]).toEqual([[3, 4, 1, 2], [6, 5], 'float32']);
  });

  it('copies long rows too', () => {
    const data = Float32Array.from({ length: 3 * 500 }, (_, i) => i);
    const [x] = new ArrayDataset([{ data, shape: [3, 500] }]).batch([2, 0]);
    expect([...x.dataSync()]).toEqual([...data.subarray(1000), ...data.subarray(0, 500)]);
  });

  it('refuses columns that do not fit each other or their shape', () => {
    const code = expect.objectContaining({ code: 'PL4009' });
    expect(() => new ArrayDataset({})).toThrow(code);
    expect(() => new ArrayDataset({ a: new Float32Array(2), b: new Int32Array(3) })).toThrow(
      /"a" has 2 rows.*"b" has 3/,
    );
    expect(() => new ArrayDataset({ a: { data: new Float32Array(5), shape: [2, 2] } })).toThrow(
      /5 values.*\[2, 2\]/,
    );
    expect(() => new ArrayDataset({ a: [1, 2] as unknown as string[] })).toThrow(code);
  });

  it('refuses samples that do not exist', () => {
    for (const index of [5, -1, 0.5, Number.NaN]) {
      expect(() => digits.at(index)).toThrow(expect.objectContaining({ code: 'PL4004' }));
      expect(() => digits.batch([0, index])).toThrow(expect.objectContaining({ code: 'PL4004' }));
    }
  });
});
