import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBatchDataset } from './dataset.js';
import { randomSplit, subset } from './subset.js';

const letters = ['a', 'b', 'c', 'd', 'e'];
const contents = (part: { length: number; at(i: number): unknown }) =>
  Array.from({ length: part.length }, (_, i) => part.at(i));

describe('subset', () => {
  it('gives the chosen samples in the chosen order', () => {
    const part = subset(letters, [4, 0, 0]);
    expect(contents(part)).toEqual(['e', 'a', 'a']);
    expect(isBatchDataset(part)).toBe(false);
  });

  it('refuses indices out of range, when made and when read', () => {
    expect(() => subset(letters, [0, 5])).toThrow(/Sample 5 .* has 5/);
    expect(() => subset(letters, [0]).at(1)).toThrow(expect.objectContaining({ code: 'PL4004' }));
  });
});

describe('randomSplit', () => {
  it('splits without overlap, the same way for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), fc.nat(1000), (lengths, seed) => {
        const total = lengths.reduce((a, b) => a + b, 0);
        const data = Array.from({ length: total }, (_, i) => i);
        const split = () => randomSplit(data, lengths, seed).map(contents);
        expect(split()).toEqual(split());
        expect(split().map((part) => part.length)).toEqual(lengths);
        expect(
          split()
            .flat()
            .sort((a, b) => Number(a) - Number(b)),
        ).toEqual(data);
      }),
    );
  });

  it('gives what fractions leave over to the parts in turn', () => {
    const data = Array.from({ length: 10 }, (_, i) => i);
    const sizes = (fractions: number[]) => randomSplit(data, fractions, 0).map((part) => part.length);
    expect(sizes([0.8, 0.2])).toEqual([8, 2]);
    expect(sizes([0.33, 0.33, 0.34])).toEqual([4, 3, 3]);
    expect(sizes([0.55, 0.45])).toEqual([6, 4]);
    expect(sizes([1])).toEqual([10]);
  });

  it.each([[[5, 6]], [[0.5, 0.6]], [[-1, 11]], [[5.5, 4.5]], [[Number.NaN]], [[]]])(
    'refuses %j for 10 samples',
    (lengths) => {
      const data = Array.from({ length: 10 }, (_, i) => i);
      expect(() => randomSplit(data, lengths, 0)).toThrow(expect.objectContaining({ code: 'PL4010' }));
    },
  );
});
