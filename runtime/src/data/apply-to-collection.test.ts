import '@tensorflow/tfjs-backend-cpu';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as tf from '../tf.js';
import { applyToCollection, applyToCollections } from './apply-to-collection.js';

class Sample {
  readonly image: unknown;
  readonly label: unknown;
  constructor(image: unknown, label: unknown) {
    this.image = image;
    this.label = label;
  }
  area() {
    return 1;
  }
}
const isNumber = (value: unknown): value is number => typeof value === 'number';
const double = (x: number) => 2 * x;

describe('applyToCollection', () => {
  it('applies to what matches, and keeps the structure', () => {
    const shared = { n: 1 };
    const data = {
      a: 1,
      b: [2, 'x', [3]],
      c: new Map([['k', 4]]),
      d: new Set([5]),
      e: new Sample(6, shared),
      f: shared,
    };
    const result = applyToCollection(data, isNumber, double) as typeof data;
    expect(result).toEqual({
      a: 2,
      b: [4, 'x', [6]],
      c: new Map([['k', 8]]),
      d: new Set([10]),
      e: new Sample(12, { n: 2 }),
      f: { n: 2 },
    });
    expect(result.e).toBeInstanceOf(Sample);
    expect(result.e.area()).toBe(1);
    expect(result.e.label).toBe(result.f);
    expect(data.a).toBe(1);
    expect(data.e.image).toBe(6);
  });

  it('leaves everything else as it is', () => {
    const date = new Date();
    const bytes = new Uint8Array(2);
    const result = applyToCollection([date, bytes, null, undefined, 'text'], isNumber, double) as unknown[];
    expect(result[0]).toBe(date);
    expect(result[1]).toBe(bytes);
    expect(result.slice(2)).toEqual([null, undefined, 'text']);
    expect(applyToCollection('alone', isNumber, double)).toBe('alone');
    expect(applyToCollection(3, isNumber, double)).toBe(6);
  });

  it('matches classes, primitives by their class, and several at once', () => {
    const tensor = tf.scalar(1);
    expect(applyToCollection({ t: tensor, n: 1 }, tf.Tensor, (t) => t.rank)).toEqual({ t: 0, n: 1 });
    const mixed = [1, 'a', true, 2];
    expect(applyToCollection(mixed, Number, () => 0)).toEqual([0, 'a', true, 0]);
    expect(applyToCollection(mixed, [String, Boolean], () => 0)).toEqual([1, 0, 0, 2]);
    expect(applyToCollection([new Sample(1, 2)], Sample, (s) => s.image)).toEqual([1]);
    expect(applyToCollection([[1], 2], Array, (a) => a.length)).toBe(2);
    tensor.dispose();
  });

  it('leaves out what is excluded, and results that are nothing when asked', () => {
    expect(
      applyToCollection([1, 2, 'a'], isNumber, double, { exclude: (v): v is number => v === 2 }),
    ).toEqual([2, 2, 'a']);
    const drop = () => null;
    expect(applyToCollection({ a: 1, b: [2, 'x'] }, isNumber, drop)).toEqual({ a: null, b: [null, 'x'] });
    expect(applyToCollection({ a: 1, b: [2, 'x'] }, isNumber, drop, { includeNull: false })).toEqual({
      b: ['x'],
    });
    expect(applyToCollection(new Sample(1, 'x'), isNumber, drop, { includeNull: false })).toEqual(
      new Sample(1, 'x'),
    );
  });

  it('copies frozen and cyclic structures', () => {
    const cyclic: { n: number; self?: unknown } = { n: 1 };
    cyclic.self = cyclic;
    const copy = applyToCollection(cyclic, isNumber, double) as typeof cyclic;
    expect(copy.n).toBe(2);
    expect(copy.self).toBe(copy);
    expect(applyToCollection(Object.freeze({ n: Object.freeze([1]) }), isNumber, double)).toEqual({ n: [2] });
  });

  it('with the identity gives an equal copy of any data', () => {
    fc.assert(
      fc.property(fc.object({ withMap: true, withSet: true, withTypedArray: true }), (data) => {
        expect(applyToCollection(data, isNumber, (x) => x)).toEqual(data);
      }),
    );
  });
});

describe('applyToCollections', () => {
  const add = (x: number, y?: unknown) => x + (y as number);

  it('applies to pairs', () => {
    const a = { n: 1, list: [2, 'x'], sample: new Sample(3, 'y'), map: new Map([['k', 4]]) };
    const b = { n: 10, list: [20, 'z'], sample: new Sample(30, 'w'), map: new Map([['k', 40]]) };
    expect(applyToCollections(a, b, isNumber, add)).toEqual({
      n: 11,
      list: [22, 'x'],
      sample: new Sample(33, 'y'),
      map: new Map([['k', 44]]),
    });
  });

  it('applies to the one that is there', () => {
    const alone = (x: number, y?: unknown) => [x, y];
    expect(applyToCollections([1, 'a'], null, isNumber, alone)).toEqual([[1, undefined], 'a']);
    expect(applyToCollections(null, [1, 'a'], isNumber, alone)).toEqual([[1, undefined], 'a']);
    expect(applyToCollections(null, null, isNumber, alone)).toBeNull();
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['lengths', [1, 2], [1], /an array of 2, the second one of 1/],
    ['keys', { x: { a: 1 } }, { x: { b: 1 } }, /at x: .*keys a, .*keys b/],
    ['kinds', [[1]], [{ a: 1 }], /at \[0\]/],
    ['a record and a number', { a: 1 }, 1, /a number/],
  ])('refuses collections that differ in %s', (_, a, b, message) => {
    expect(() => applyToCollections(a, b, isNumber, add)).toThrow(message);
    expect(() => applyToCollections(a, b, isNumber, add)).toThrow(
      expect.objectContaining({ code: 'PL4014' }),
    );
  });
});
