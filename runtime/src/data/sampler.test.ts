import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchSampler, RandomSampler, SequentialSampler, WeightedRandomSampler } from './sampler.js';

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const counts = (values: Iterable<number>, n: number) => {
  const out = new Array<number>(n).fill(0);
  for (const value of values) out[value]!++;
  return out;
};

describe('samplers', () => {
  it('go through the data in order, or in the random order of a seed', () => {
    expect([...new SequentialSampler(range(4)).sample()]).toEqual([0, 1, 2, 3]);
    const random = new RandomSampler(range(50));
    expect(random.sample(1)).toEqual(random.sample(1));
    expect(random.sample(1)).not.toEqual(random.sample(2));
    expect(sorted(random.sample(3))).toEqual(range(50));
  });

  it('draw another number of samples', () => {
    const more = new RandomSampler(range(5), { numSamples: 12 }).sample(0);
    expect(more.length).toBe(12);
    expect(sorted(more.subarray(0, 5))).toEqual(range(5));
    expect(Math.max(...counts(more, 5))).toBeLessThanOrEqual(3);
    const replaced = new RandomSampler(range(3), { replacement: true, numSamples: 30_000 }).sample(0);
    // Chi-square with 2 degrees of freedom: 13.8 is the 0.1 % point.
    expect(counts(replaced, 3).reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0)).toBeLessThan(13.8);
  });

  it('draw in proportion to weights', () => {
    const drawn = new WeightedRandomSampler([1, 0, 3, 6], 100_000).sample(0);
    const [a, b, c, d] = counts(drawn, 4);
    expect(b).toBe(0);
    const chi2 = (a! - 10_000) ** 2 / 10_000 + (c! - 30_000) ** 2 / 30_000 + (d! - 60_000) ** 2 / 60_000;
    expect(chi2).toBeLessThan(13.8);
  });

  it('draw by weight without replacement', () => {
    const weights = [1, 0, 3, 6];
    const sampler = new WeightedRandomSampler(weights, 3, { replacement: false });
    expect(sorted(sampler.sample(5))).toEqual([0, 2, 3]);
    const firsts = counts(
      range(10_000).map((seed) => sampler.sample(seed)[0]!),
      4,
    );
    const chi2 = [1000, 0, 3000, 6000].reduce(
      (sum, n, i) => sum + (n === 0 ? 0 : (firsts[i]! - n) ** 2 / n),
      0,
    );
    expect(chi2).toBeLessThan(13.8);
  });

  it.each<[string, () => unknown]>([
    ['a negative count', () => new RandomSampler(range(3), { numSamples: -1 })],
    ['samples of nothing', () => new RandomSampler([], { numSamples: 1 })],
    ['a negative weight', () => new WeightedRandomSampler([1, -1])],
    ['a weight that is no number', () => new WeightedRandomSampler([1, Number.NaN])],
    ['weights of 0', () => new WeightedRandomSampler([0, 0])],
    ['more than there are', () => new WeightedRandomSampler([1, 0], 2, { replacement: false })],
  ])('refuse %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'PL4011' }));
  });
});

describe('BatchSampler', () => {
  it('cuts any order into batches', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.boolean(),
        (n, size, dropLast, lazy) => {
          const inner = new RandomSampler(range(n));
          const sampler = lazy
            ? {
                length: n,
                sample: (seed: number) => inner.sample(seed)[Symbol.iterator]() as Iterable<number>,
              }
            : inner;
          const batches = new BatchSampler(sampler, size, dropLast);
          const cut = [...batches.batches(7)].map((batch) => Array.from(batch));
          expect(cut.length).toBe(batches.length);
          expect(cut.every((batch, i) => batch.length === size || (!dropLast && i === cut.length - 1))).toBe(
            true,
          );
          expect(cut.flat()).toEqual([...inner.sample(7)].slice(0, dropLast ? n - (n % size) : n));
        },
      ),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a batch size of %s', (size) => {
    expect(() => new BatchSampler(new SequentialSampler([1]), size)).toThrow(
      expect.objectContaining({ code: 'PL4003' }),
    );
  });
});
