import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globalGenerator, seedEverything } from '../random/seed-everything.js';
import type { LoaderState } from './batch-iterator.js';
import { DataLoader, type DataLoaderOptions } from './data-loader.js';
import { type DistributeOptions, distributeLoader } from './distribute-loader.js';
import { DistributedSampler } from './distributed-sampler.js';
import { BatchSampler, RandomSampler, SequentialSampler, WeightedRandomSampler } from './sampler.js';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const collate = (samples: number[]) => samples;
const loaderOf = (n: number, options: DataLoaderOptions = {}) =>
  new DataLoader(range(n), { ...options, collate }) as DataLoader<number[]>;

/** The batches of every rank. */
const split = (
  loader: DataLoader<number[]>,
  numReplicas: number,
  padding: DistributeOptions['padding'] = 'repeat',
  epoch = 0,
) =>
  range(numReplicas).map((rank) => {
    const twin = distributeLoader(loader, { numReplicas, rank, padding });
    twin.setEpoch(epoch);
    const batches = [...twin];
    expect(batches).toHaveLength(twin.length!);
    return batches;
  });

describe('distributeLoader', () => {
  it('keeps batch size, collation, dropLast and order', () => {
    expect(split(loaderOf(10, { batchSize: 2 }), 2)).toEqual([
      [[0, 2], [4, 6], [8]],
      [[1, 3], [5, 7], [9]],
    ]);
    expect(split(loaderOf(10, { batchSize: 2, dropLast: true }), 2)).toEqual([
      [
        [0, 2],
        [4, 6],
      ],
      [
        [1, 3],
        [5, 7],
      ],
    ]);
  });

  it('shuffles anew each epoch, all processes alike', () => {
    const loader = loaderOf(30, { batchSize: 4, shuffle: true });
    const [first, second] = [0, 1].map((epoch) => split(loader, 3, 'repeat', epoch).flat(2));
    expect(sorted(first!)).toEqual(range(30));
    expect(sorted(second!)).toEqual(range(30));
    expect(second).not.toEqual(first);
  });

  it('draws nothing from the global generator, which may differ between processes', () => {
    const twins = [1, 2].map((seed, rank) => {
      seedEverything(seed);
      const before = globalGenerator().state();
      const loader = loaderOf(20, { shuffle: true });
      const batches = [...distributeLoader(loader, { numReplicas: 2, rank, padding: 'repeat' })];
      expect(globalGenerator().state()).toEqual(before);
      return batches.flat();
    });
    expect(sorted(twins.flat())).toEqual(range(20));
  });

  it("takes the loader's own seed, then the one that is given", () => {
    const order = (loader: DataLoader<number[]>, seed?: number) => {
      const options = { numReplicas: 1, rank: 0, padding: 'repeat' as const };
      return [...distributeLoader(loader, seed === undefined ? options : { ...options, seed })].flat();
    };
    const own = order(loaderOf(20, { shuffle: true, seed: 5 }));
    expect(order(loaderOf(20, { shuffle: true, seed: 5 }), 9)).toEqual(own);
    expect(order(loaderOf(20, { shuffle: true }), 5)).toEqual(own);
    expect(order(loaderOf(20, { shuffle: true }))).not.toEqual(own);
  });

  it('doubles and drops nothing in evaluation', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 7 }),
        (extra, world, size) => {
          const n = world + extra;
          const parts = split(loaderOf(n, { batchSize: size }), world, 'unrepeated');
          expect(sorted(parts.flat(2))).toEqual(range(n));
        },
      ),
    );
  });

  it('goes on in the middle of an epoch, from its state alone', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(5),
        fc.nat(100),
        (n, world, epoch, cut) => {
          const make = (rank: number) =>
            distributeLoader(loaderOf(n, { batchSize: 3, shuffle: true }), {
              numReplicas: world,
              rank,
              padding: 'repeat',
            });
          for (const rank of range(world)) {
            const loader = make(rank);
            loader.setEpoch(epoch);
            const whole = [...loader];
            const at = cut % (whole.length + 1);
            const iterator = loader.iterate();
            for (let i = 0; i < at; i++) iterator.next();
            const state = JSON.parse(JSON.stringify(iterator.state())) as LoaderState;
            const resumed = make(rank).iterate(state);
            const rest: unknown[] = [];
            for (let batch = resumed.next(); batch !== undefined; batch = resumed.next()) rest.push(batch);
            expect(rest).toEqual(whole.slice(at));
          }
        },
      ),
    );
  });

  it("divides the order of the user's own sampler", () => {
    const sampler = new WeightedRandomSampler([0, 1, 0, 1], 8);
    const parts = split(loaderOf(4, { sampler, batchSize: 2 }), 2);
    expect(parts.map((batches) => batches.length)).toEqual([2, 2]);
    expect(new Set(parts.flat(2))).toEqual(new Set([1, 3]));
    expect(sorted(parts.flat(2))).toEqual(sorted([...sampler.sample(0)]));
  });

  it('divides the samples under a BatchSampler', () => {
    const batchSampler = new BatchSampler(new RandomSampler(range(9)), 2, true);
    const loader = new DataLoader(range(9), { batchSampler, collate }) as DataLoader<number[]>;
    const [first, second] = split(loader, 3, 'repeat', 1);
    expect([first, second].map((batches) => batches!.map((batch) => batch.length))).toEqual([[2], [2]]);
    const [again] = split(loader, 3, 'repeat', 2);
    expect(again).not.toEqual(first);
  });

  it('leaves alone what is divided already, and streams', () => {
    const options = { numReplicas: 2, rank: 0, padding: 'repeat' } as const;
    const sampler = new DistributedSampler(range(4), { numReplicas: 2, rank: 1 });
    const divided = loaderOf(4, { sampler });
    expect(distributeLoader(divided, options)).toBe(divided);
    const byBatch = new DataLoader(range(4), { batchSampler: new BatchSampler(sampler, 2) });
    expect(distributeLoader(byBatch, options)).toBe(byBatch);
    const stream = new DataLoader(new Set(range(4)));
    expect(distributeLoader(stream, options)).toBe(stream);
  });

  it('refuses batches that it cannot divide', () => {
    class PairSampler {
      readonly length = 2;
      batches = () => [
        [0, 1],
        [2, 3],
      ];
    }
    const loader = new DataLoader(range(4), { batchSampler: new PairSampler() });
    expect(() => distributeLoader(loader, { numReplicas: 2, rank: 0, padding: 'repeat' })).toThrow(
      expect.objectContaining({
        code: 'PL4015',
        message: expect.stringMatching(/a PairSampler, which cannot be divided among 2 processes/),
      }),
    );
  });

  it('says when evaluation data does not suffice for all processes', () => {
    expect(() => split(loaderOf(3), 4, 'unrepeated')).toThrow(expect.objectContaining({ code: 'PL4011' }));
  });
});

describe('DataLoader.setEpoch', () => {
  it('reaches a sampler of the user, and is of no effect on others', () => {
    const sampler = new DistributedSampler(range(30), { numReplicas: 1, rank: 0 });
    const loader = loaderOf(30, { sampler });
    const first = [...loader];
    loader.setEpoch(1);
    expect([...loader]).not.toEqual(first);
    const sequential = loaderOf(3, { sampler: new SequentialSampler(range(3)) });
    sequential.setEpoch(1);
    expect([...sequential].flat()).toEqual(range(3));
    new DataLoader(new Set([1])).setEpoch(1);
  });
});
