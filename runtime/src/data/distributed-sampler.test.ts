import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DistributedSampler,
  type DistributedSamplerOptions,
  UnrepeatedDistributedSampler,
} from './distributed-sampler.js';
import { RandomSampler, type Sampler, SequentialSampler, WeightedRandomSampler } from './sampler.js';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const indices = (sampler: Sampler & { readonly epochSeed: number }) => [...sampler.sample(sampler.epochSeed)];

type Kind = typeof DistributedSampler | typeof UnrepeatedDistributedSampler;
/** The indices of every rank. */
const allRanks = (
  kind: Kind,
  source: Sampler | { length: number },
  numReplicas: number,
  {
    epoch = 0,
    ...options
  }: Omit<DistributedSamplerOptions, 'numReplicas' | 'rank'> & { epoch?: number } = {},
) =>
  range(numReplicas).map((rank) => {
    const sampler = new kind(source, { ...options, numReplicas, rank });
    sampler.setEpoch(epoch);
    const drawn = indices(sampler);
    expect(drawn).toHaveLength(sampler.length);
    return drawn;
  });
/** Rank by rank in turn: the order that the ranks share. */
const interleaved = (ranks: number[][]) =>
  range(Math.max(...ranks.map((rank) => rank.length))).flatMap((i) =>
    ranks.flatMap((rank) => rank.slice(i, i + 1)),
  );

const replicas = fc.integer({ min: 1, max: 9 });
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const epoch = fc.nat(100);

describe('DistributedSampler', () => {
  // Recorded from PyTorch: see fixtures/make-distributed-sampler.py.
  const rows = JSON.parse(
    readFileSync(new URL('fixtures/distributed-sampler.json', import.meta.url), 'utf8'),
  ) as [number, number, boolean, number[][]][];

  it("gives PyTorch's indices where it does not shuffle", () => {
    expect(rows.length).toBeGreaterThan(50);
    for (const [samples, numReplicas, dropLast, ranks] of rows) {
      const dataset = range(samples);
      expect(allRanks(DistributedSampler, dataset, numReplicas, { shuffle: false, dropLast })).toEqual(ranks);
    }
  });

  it('covers the data, filled up from its beginning, evenly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        replicas,
        seed,
        epoch,
        fc.boolean(),
        (n, world, s, e, shuffle) => {
          const ranks = allRanks(DistributedSampler, range(n), world, { seed: s, epoch: e, shuffle });
          const share = Math.ceil(n / world);
          expect(ranks.map((rank) => rank.length)).toEqual(new Array(world).fill(share));
          const order = interleaved(ranks);
          expect(sorted(order.slice(0, n))).toEqual(range(n));
          order.forEach((index, i) => {
            expect(index).toBe(order[i % n]);
          });
        },
      ),
    );
  });

  it('gives nothing twice with dropLast, and leaves out less than one per process', () => {
    fc.assert(
      fc.property(fc.nat(60), replicas, seed, (n, world, s) => {
        const all = allRanks(DistributedSampler, range(n), world, { seed: s, dropLast: true });
        expect(all.every((rank) => rank.length === Math.floor(n / world))).toBe(true);
        const order = all.flat();
        expect(new Set(order).size).toBe(order.length);
        expect(order.every((index) => index >= 0 && index < n)).toBe(true);
      }),
    );
  });

  it('has one order for any number of processes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), replicas, seed, epoch, (n, world, s, e) => {
        const options = { seed: s, epoch: e };
        const alone = allRanks(DistributedSampler, range(n), 1, options)[0]!;
        const together = interleaved(allRanks(DistributedSampler, range(n), world, options));
        expect(together.slice(0, n)).toEqual(alone);
      }),
    );
  });

  it('changes its order from epoch to epoch, and keeps it without setEpoch', () => {
    const sampler = new DistributedSampler(range(40), { numReplicas: 2, rank: 1, seed: 7 });
    const first = indices(sampler);
    expect(indices(sampler)).toEqual(first);
    sampler.setEpoch(1);
    const second = indices(sampler);
    expect(second).not.toEqual(first);
    sampler.setEpoch(0);
    expect(indices(sampler)).toEqual(first);
    // As PyTorch has it: the generator's seed is the sum.
    const next = new DistributedSampler(range(40), { numReplicas: 2, rank: 1, seed: 8 });
    expect(indices(next)).toEqual(second);
  });

  it('divides the order of another sampler', () => {
    const weights = [1, 0, 3, 6, 2];
    const weighted = new WeightedRandomSampler(weights, 11);
    const ranks = allRanks(DistributedSampler, weighted, 3, { seed: 5, epoch: 2 });
    const whole = [...weighted.sample(7)];
    expect(interleaved(ranks)).toEqual([...whole, whole[0]]);
    const sequential = new DistributedSampler(new SequentialSampler(range(5)), { numReplicas: 2, rank: 1 });
    expect(indices(sequential)).toEqual([1, 3, 0]);
    expect(sequential.random).toBe(false);
  });

  it('tells the other sampler the epoch', () => {
    const told: number[] = [];
    const order = { length: 2, sample: () => [0, 1], setEpoch: (n: number) => told.push(n) };
    new DistributedSampler(order, { numReplicas: 1, rank: 0 }).setEpoch(4);
    expect(told).toEqual([4]);
  });

  it('takes a dataset that has a method `sample` for a dataset', () => {
    const dataset = { length: 4, at: (i: number) => i, sample: () => [99] };
    const sampler = new DistributedSampler(dataset, { numReplicas: 2, rank: 0, shuffle: false });
    expect(indices(sampler)).toEqual([0, 2]);
  });

  it('refuses a sampler that does not keep to its length', () => {
    const order = { length: 3, sample: () => [0, 1] };
    const sampler = new DistributedSampler(order, { numReplicas: 1, rank: 0 });
    expect(() => sampler.sample(0)).toThrow(
      expect.objectContaining({ code: 'PL4011', message: 'A sampler gave 2 indices, but its length is 3' }),
    );
  });
});

describe('UnrepeatedDistributedSampler', () => {
  it('gives every sample to exactly one process, in turn', () => {
    fc.assert(
      fc.property(fc.nat(60), replicas, seed, fc.boolean(), (extra, world, s, shuffle) => {
        const n = world + extra;
        const ranks = allRanks(UnrepeatedDistributedSampler, range(n), world, { seed: s, shuffle });
        expect(sorted(ranks.flat())).toEqual(range(n));
        const lengths = ranks.map((rank) => rank.length);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        const alone = allRanks(UnrepeatedDistributedSampler, range(n), 1, { seed: s, shuffle })[0];
        expect(interleaved(ranks)).toEqual(alone);
      }),
    );
  });

  it('does not shuffle by itself', () => {
    expect(allRanks(UnrepeatedDistributedSampler, range(7), 3)).toEqual([
      [0, 3, 6],
      [1, 4],
      [2, 5],
    ]);
    expect(allRanks(UnrepeatedDistributedSampler, new RandomSampler(range(7)), 1)[0]).not.toEqual(range(7));
  });

  it('takes no data at all, but not less than one sample per process', () => {
    expect(allRanks(UnrepeatedDistributedSampler, [], 3)).toEqual([[], [], []]);
    expect(() => allRanks(UnrepeatedDistributedSampler, range(2), 3)).toThrow(
      expect.objectContaining({ message: '2 samples cannot be divided among 3 processes' }),
    );
  });
});

describe.each<[string, Kind]>([
  ['DistributedSampler', DistributedSampler],
  ['UnrepeatedDistributedSampler', UnrepeatedDistributedSampler],
])('%s refuses', (_, kind) => {
  it.each([
    [{ numReplicas: 0, rank: 0 }, 'numReplicas is 0, wanted an integer above 0'],
    [{ numReplicas: 2, rank: 2 }, 'rank is 2, wanted an integer from 0 to 1'],
    [{ numReplicas: 2, rank: -1 }, 'rank is -1'],
    [{ numReplicas: 2, rank: 0.5 }, 'rank is 0.5'],
    [{ numReplicas: 2, rank: 0, seed: -1 }, 'seed is -1'],
    [{ numReplicas: 2, rank: 0, seed: 2 ** 32 }, 'seed is 4294967296'],
  ])('%o', (options, message) => {
    expect(() => new kind(range(4), options)).toThrow(
      expect.objectContaining({ code: 'PL4011', message: expect.stringContaining(message) }),
    );
  });
});
