import '@tensorflow/tfjs-backend-cpu';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { rngState, seedEverything } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import { ArrayDataset } from './array-dataset.js';
import type { BatchIterator, LoaderState } from './batch-iterator.js';
import { DataLoader, type DataLoaderOptions } from './data-loader.js';
import { disposeBatch } from './dispose-batch.js';
import { RandomSampler, SequentialSampler } from './sampler.js';

const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
const list = (samples: number[]) => samples;

async function rest<B>(iterator: BatchIterator<B>): Promise<B[]> {
  const batches: B[] = [];
  for (let batch = await iterator.next(); batch !== undefined; batch = await iterator.next())
    batches.push(batch);
  return batches;
}

async function* stream(n: number): AsyncGenerator<number> {
  for (let i = 0; i < n; i++) yield i;
}

beforeEach(() => {
  seedEverything(11);
});

describe('DataLoader', () => {
  it('types its batches by the dataset and the collation', () => {
    const dataset = new ArrayDataset({ x: new Float32Array(4), y: ['a', 'b', 'c', 'd'] });
    expectTypeOf(new DataLoader(dataset)).toEqualTypeOf<DataLoader<{ x: tf.Tensor1D; y: string[] }>>();
    expectTypeOf(new DataLoader([1, 2])).toEqualTypeOf<DataLoader<tf.Tensor1D>>();
    expectTypeOf(new DataLoader([{ x: 1 }])).toEqualTypeOf<DataLoader<{ x: tf.Tensor1D }>>();
    expectTypeOf(new DataLoader(stream(2))).toEqualTypeOf<DataLoader<tf.Tensor1D>>();
    const collate = (samples: number[]) => Promise.resolve(samples.length);
    expectTypeOf(new DataLoader([1], { collate })).toEqualTypeOf<DataLoader<number>>();
    const asynchronous = { length: 2, at: (i: number) => Promise.resolve(`${i}`) };
    expectTypeOf(new DataLoader(asynchronous)).toEqualTypeOf<DataLoader<string[]>>();
    expect(new DataLoader(dataset).length).toBe(4);
  });

  it('gives batches of the asked size', () => {
    const batches = (options: DataLoaderOptions) => [
      ...new DataLoader(numbers(7), { ...options, collate: list }),
    ];
    expect(batches({})).toEqual([[0], [1], [2], [3], [4], [5], [6]]);
    expect(batches({ batchSize: 3 })).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(batches({ batchSize: 3, dropLast: true })).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect([...new DataLoader([], { collate: list })]).toEqual([]);
  });

  it('knows its length beforehand', () => {
    const length = (n: number, options: DataLoaderOptions) => new DataLoader(numbers(n), options).length;
    expect([length(7, {}), length(7, { batchSize: 3 }), length(7, { batchSize: 3, dropLast: true })]).toEqual(
      [7, 3, 2],
    );
    expect(new DataLoader(stream(3)).length).toBeUndefined();
  });

  it('shuffles anew each epoch, repeatably, and loses nothing', () => {
    const run = (options: DataLoaderOptions) => {
      const loader = new DataLoader(numbers(30), { batchSize: 4, shuffle: true, ...options, collate: list });
      return [[...loader].flat(), [...loader].flat()];
    };
    const [first, second] = run({ seed: 1 });
    expect(first).not.toEqual(second);
    expect([...first!].sort((a, b) => a - b)).toEqual(numbers(30));
    expect(run({ seed: 1 })).toEqual([first, second]);
    expect(run({ seed: 2 })[0]).not.toEqual(first);
    seedEverything(5);
    const global = run({});
    seedEverything(5);
    expect(run({})).toEqual(global);
  });

  it('draws nothing from the global generator when the order is fixed or its own', () => {
    const before = rngState();
    for (const _ of new DataLoader(numbers(3), { collate: list }));
    for (const _ of new DataLoader(numbers(3), { shuffle: true, seed: 1, collate: list }));
    expect(rngState()).toEqual(before);
    for (const _ of new DataLoader(numbers(3), { shuffle: true, collate: list }));
    expect(rngState()).not.toEqual(before);
  });

  it('goes on in the middle of an epoch, and through the epochs after it', async () => {
    const arbitrary = fc.record({
      n: fc.integer({ min: 0, max: 20 }),
      batchSize: fc.integer({ min: 1, max: 6 }),
      taken: fc.nat(8),
      dropLast: fc.boolean(),
      own: fc.boolean(),
      stream: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ n, batchSize, taken, dropLast, own, stream: streamed }) => {
        // The stream shuffles itself with the global generator when it starts.
        const shuffled = {
          async *[Symbol.asyncIterator]() {
            yield* numbers(n)
              .map((value) => ({ value, key: Math.random() }))
              .sort((a, b) => a.key - b.key)
              .map(({ value }) => value);
          },
        };
        const make = () =>
          streamed
            ? new DataLoader(shuffled, { batchSize, dropLast, collate: list })
            : new DataLoader(numbers(n), {
                batchSize,
                dropLast,
                shuffle: true,
                ...(own ? { seed: 3 } : {}),
                collate: list,
              });

        seedEverything(9);
        const loader = make();
        const iterator = loader.iterate();
        for (let i = 0; i < taken; i++) await iterator.next();
        const state = JSON.parse(JSON.stringify(iterator.state())) as LoaderState;
        const rng = rngState().state;
        const expected = [await rest(iterator), await rest(loader.iterate())];

        seedEverything(9);
        const resumed = make();
        if (!streamed && !own) resumed.iterate();
        if (streamed) for (let i = 0; taken > 0 && i < n; i++) Math.random();
        expect(rngState().state).toEqual(rng);
        expect([await rest(resumed.iterate(state)), await rest(resumed.iterate())]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('does not load the samples that it passes over', async () => {
    const loaded: number[] = [];
    const dataset = {
      length: 10,
      at: (i: number) => {
        loaded.push(i);
        return i;
      },
    };
    const loader = new DataLoader(dataset, { batchSize: 3, collate: list });
    expect(await rest(loader.iterate({ seed: 0, position: 2 }))).toEqual([[6, 7, 8], [9]]);
    expect(loaded).toEqual([6, 7, 8, 9]);
  });

  it('restores its own generator between epochs', () => {
    const make = () => new DataLoader(numbers(20), { shuffle: true, seed: 4, collate: list });
    const loader = make();
    const first = loader.iterate();
    const state = first.state();
    const second = [...loader];
    const resumed = make();
    resumed.restore(state);
    expect([...resumed]).toEqual(second);
  });

  it('serves asynchronous datasets and collations, only with for await', async () => {
    const dataset = { length: 5, at: async (i: number) => i };
    const batches: number[][] = [];
    for await (const batch of new DataLoader(dataset, { batchSize: 2, collate: async (s: number[]) => s })) {
      batches.push(batch);
    }
    expect(batches).toEqual([[0, 1], [2, 3], [4]]);
    expect(() => [...new DataLoader(dataset)]).toThrow(expect.objectContaining({ code: 'PL4006' }));
  });

  it('is as synchronous as its dataset', () => {
    expect(new DataLoader([1], { collate: list }).iterate().next()).toEqual([1]);
    expect(new DataLoader(new Set([1]), { collate: list }).iterate().next()).toEqual([1]);
    expect(new DataLoader(stream(1), { collate: list }).iterate().next()).toBeInstanceOf(Promise);
  });

  it('reads streams of either kind, of samples that may be promises', async () => {
    const options = { batchSize: 2, collate: list };
    expect(await rest(new DataLoader(new Set(numbers(3)), options).iterate())).toEqual([[0, 1], [2]]);
    expect(await rest(new DataLoader(stream(3), options).iterate())).toEqual([[0, 1], [2]]);
    const promised = {
      *[Symbol.iterator]() {
        for (const i of numbers(3)) yield Promise.resolve(i);
      },
    };
    expect(await rest(new DataLoader(promised, { batchSize: 2 }).iterate())).toHaveLength(2);
    expect(await rest(new DataLoader(stream(5), { ...options, dropLast: true }).iterate())).toHaveLength(2);
  });

  it('closes a stream that is left early', async () => {
    let closed = 0;
    const source = {
      *[Symbol.iterator]() {
        try {
          yield* numbers(10);
        } finally {
          closed++;
        }
      },
    };
    for (const _ of new DataLoader(source, { collate: list })) break;
    for await (const _ of new DataLoader(source, { collate: list })) break;
    expect(closed).toBe(2);
  });

  it('leaks no tensors, whoever made the samples', async () => {
    const owned = [tf.ones([2]), tf.zeros([2])];
    const before = tf.memory().numTensors;
    const datasets = [
      owned,
      { length: 4, at: () => tf.ones([2]) },
      { length: 4, at: async () => ({ x: tf.ones([2]), y: 1 }) },
      {
        async *[Symbol.asyncIterator]() {
          for (let i = 0; i < 5; i++) yield tf.ones([2]);
        },
      },
    ];
    for (const dataset of datasets) {
      const loader = new DataLoader(dataset as typeof owned, { batchSize: 2, dropLast: true });
      for await (const batch of loader) disposeBatch(batch);
      const iterator = loader.iterate({ seed: 0, position: 1 });
      disposeBatch(await iterator.next());
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(owned.some((tensor) => tensor.isDisposed)).toBe(false);
  });

  it('changes its options in a copy', () => {
    const loader = new DataLoader(numbers(9), { batchSize: 2, shuffle: true, seed: 1 });
    expect(loader.sampler).toBeInstanceOf(RandomSampler);
    expect(loader.with({ shuffle: false }).sampler).toBeInstanceOf(SequentialSampler);
    const sampler = new SequentialSampler(numbers(4));
    const limited = loader.with({ sampler });
    expect([limited.sampler, limited.length, limited.batchSize]).toEqual([sampler, 2, 2]);
    expect(limited.with({ shuffle: true }).sampler).toBeInstanceOf(RandomSampler);
    const batchSampler = { length: 1, batches: () => [[0, 5]] };
    expect([...loader.with({ batchSampler })].map((batch) => [...batch.dataSync()])).toEqual([[0, 5]]);
    expect([...loader.with({ batchSize: 9 })]).toHaveLength(1);
  });

  it.each<[string, unknown, DataLoaderOptions]>([
    ['a batch size of 0', [1], { batchSize: 0 }],
    ['a fractional batch size', [1], { batchSize: 2.5 }],
    ['a sampler and shuffle', [1], { shuffle: true, sampler: new SequentialSampler([1]) }],
    [
      'a batchSampler and a batch size',
      [1],
      { batchSize: 2, batchSampler: { length: 0, batches: () => [] } },
    ],
    ['shuffle of a stream', new Set([1]), { shuffle: true }],
    ['no dataset', 5, {}],
    ['null', null, {}],
  ])('refuses %s', (_, dataset, options) => {
    expect(() => new DataLoader(dataset as number[], options)).toThrow(
      expect.objectContaining({ code: 'PL4003' }),
    );
  });

  it('refuses a seed that is none', () => {
    expect(() => new DataLoader([1], { seed: -1 })).toThrow(expect.objectContaining({ code: 'PL4001' }));
  });

  it.each<[string, LoaderState]>([
    ['behind the last batch', { seed: 1, position: 4 }],
    ['of a negative position', { seed: 1, position: -1 }],
    ['without a seed', { position: 1 } as LoaderState],
    ['with damage', { seed: 1, position: 1, generator: 'x' as unknown as number[] }],
  ])('refuses a state %s', (_, state) => {
    expect(() => new DataLoader(numbers(3)).iterate(state)).toThrow(
      expect.objectContaining({ code: 'PL4007' }),
    );
  });

  it('refuses a collation that returns nothing', () => {
    const loader = new DataLoader([1], { collate: () => undefined });
    expect(() => loader.iterate().next()).toThrow(expect.objectContaining({ code: 'PL4005' }));
  });
});
