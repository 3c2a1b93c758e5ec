import { PLError } from '../errors/pl-error.js';
import { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import { type BatchIterator, IndexedIterator, type LoaderState, StreamIterator } from './batch-iterator.js';
import { type Collated, defaultCollate, newestTensorId } from './collate.js';
import {
  type BatchDataset,
  type Dataset,
  type IterableDataset,
  isBatchDataset,
  isDataset,
} from './dataset.js';
import { disposeBatch } from './dispose-batch.js';
import {
  type BatchIndices,
  BatchSampler,
  checkBatchSize,
  RandomSampler,
  type Sampler,
  SequentialSampler,
} from './sampler.js';

export type { BatchIterator, LoaderState };

export interface DataLoaderOptions {
  /** Samples per batch. Default 1. */
  batchSize?: number;
  /** A new random order each epoch. Default false. */
  shuffle?: boolean;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Gives the loader a random generator of its own; without it the global one decides the orders. */
  seed?: number;
  /** Decides the order in place of `shuffle`. */
  sampler?: Sampler;
  /** Decides the batches in place of `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: BatchIndices;
}

/**
 * Batches of a dataset. The tensors of a batch belong to whoever takes it; the trainer disposes them after the step.
 *
 * @example
 * for (const { images, labels } of new DataLoader(digits, { batchSize: 32, shuffle: true })) …
 * for await (const batch of loader) …   // for every dataset, also an asynchronous one
 */
export interface DataLoader<B> {
  /** Batches per epoch; undefined for an iterable dataset without length. */
  readonly length: number | undefined;
  /** Samples per batch; undefined under a `batchSampler`. */
  readonly batchSize: number | undefined;
  readonly dataset: Dataset<unknown> | IterableDataset<unknown>;
  /** Decides the order; undefined for an iterable dataset and under a `batchSampler`. */
  readonly sampler: Sampler | undefined;
  /** Decides the batches; undefined for an iterable dataset. */
  readonly batchSampler: BatchIndices | undefined;
  /** What the loader's own generator was made with, if it has one. */
  readonly seed: number | undefined;
  /** Tells the number of the next epoch to samplers that depend on it, such as `DistributedSampler`. */
  setEpoch(epoch: number): void;
  /**
   * Starts an epoch, or goes on with an interrupted one: in the same order, passing over the batches that were handed out without
   * loading their samples (those of an iterable dataset are taken and dropped). PL4007 when the state does not fit.
   */
  iterate(resumeFrom?: LoaderState): BatchIterator<B>;
  /** Sets the loader's own generator as it was in `state`, so that the orders of the next epochs follow. */
  restore(state: LoaderState): void;
  /** A loader over the same dataset with other options; one that decides the order replaces all that did. */
  with(options: DataLoaderOptions): DataLoader<B>;
  /** Throws PL4006 when the dataset or the collation turns out to be asynchronous. */
  [Symbol.iterator](): globalThis.Generator<B, void, undefined>;
  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined>;
}

type Collate<T, B> = (samples: T[]) => B | Promise<B>;

interface DataLoaderConstructor {
  /** With `collate`, batches are what it returns. */
  new <T, B>(
    dataset: IterableDataset<T>,
    options: DataLoaderOptions & { collate: Collate<T, B> },
  ): DataLoader<B>;
  new <T, B>(dataset: Dataset<T>, options: DataLoaderOptions & { collate: Collate<T, B> }): DataLoader<B>;
  /** A dataset that makes its own batches, such as an `ArrayDataset`. */
  new <T, B>(dataset: BatchDataset<T, B>, options?: DataLoaderOptions): DataLoader<B>;
  /** Otherwise batches are made as `defaultCollate` says. */
  new <T>(dataset: IterableDataset<T>, options?: DataLoaderOptions): DataLoader<Collated<T>>;
  new <T>(dataset: Dataset<T>, options?: DataLoaderOptions): DataLoader<Collated<T>>;
}

type LoaderOptions<B> = DataLoaderOptions & { collate?: Collate<unknown, B> };

// A class cannot derive its type parameter from its arguments' types by overloads; a typed constructor can.
export const DataLoader: DataLoaderConstructor = class DataLoader<B> implements DataLoaderShape<B> {
  readonly length: number | undefined;
  readonly batchSize: number | undefined;
  readonly sampler: Sampler | undefined;
  readonly batchSampler: BatchIndices | undefined;
  readonly seed: number | undefined;
  readonly #generator: Generator | undefined;

  constructor(
    readonly dataset: Dataset<unknown> | IterableDataset<unknown>,
    private readonly options: LoaderOptions<B> = {},
  ) {
    checkOptions(dataset, options);
    const { batchSize = 1, shuffle = false, dropLast = false, seed, batchSampler } = options;
    this.seed = seed;
    this.#generator = seed === undefined ? undefined : new Generator(seed);
    if (batchSampler === undefined) this.batchSize = batchSize;
    if (isDataset(dataset)) {
      if (batchSampler === undefined) {
        this.sampler =
          options.sampler ?? (shuffle ? new RandomSampler(dataset) : new SequentialSampler(dataset));
      }
      this.batchSampler = batchSampler ?? new BatchSampler(this.sampler!, batchSize, dropLast);
      this.length = this.batchSampler.length;
    } else if ('length' in dataset && typeof dataset.length === 'number') {
      this.length = (dropLast ? Math.floor : Math.ceil)(dataset.length / batchSize);
    }
  }

  setEpoch(epoch: number): void {
    this.batchSampler?.setEpoch?.(epoch);
  }

  iterate(resumeFrom?: LoaderState): BatchIterator<B> {
    if (resumeFrom !== undefined) {
      checkState(resumeFrom, this.length);
      this.restore(resumeFrom);
    }
    if (this.batchSampler === undefined) {
      const { batchSize = 1, dropLast = false } = this.options;
      const collate = (samples: unknown[], createdAfter: number) => this.#collate(samples, createdAfter);
      return new StreamIterator(
        this.dataset as IterableDataset<unknown>,
        batchSize,
        dropLast,
        collate,
        this.#generator,
        resumeFrom,
      );
    }
    const seed = resumeFrom?.seed ?? this.#seedOfEpoch(this.batchSampler);
    return new IndexedIterator(
      this.batchSampler,
      this.#load(),
      seed,
      this.#generator,
      resumeFrom?.position ?? 0,
    );
  }

  restore(state: LoaderState): void {
    if (state.generator !== undefined) this.#generator?.setState(state.generator);
  }

  with(options: DataLoaderOptions): DataLoaderShape<B> {
    const { shuffle, sampler, batchSampler, ...rest } = this.options;
    const { batchSize, dropLast, ...bare } = rest;
    let kept: LoaderOptions<B> = this.options;
    if (options.batchSampler !== undefined) kept = bare;
    else if (options.shuffle !== undefined || options.sampler !== undefined) kept = rest;
    return new DataLoader(this.dataset, { ...kept, ...options });
  }

  *[Symbol.iterator](): globalThis.Generator<B, void, undefined> {
    const iterator = this.iterate();
    try {
      for (let batch = iterator.next(); batch !== undefined; batch = iterator.next()) {
        if (batch instanceof Promise) {
          batch.then(disposeBatch, () => undefined);
          throw new PLError('PL4006', 'The dataset or its collation is asynchronous', {
            hint: 'Iterate with `for await (const batch of loader)`.',
          });
        }
        yield batch;
      }
    } finally {
      iterator.return();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    const iterator = this.iterate();
    try {
      for (let batch = await iterator.next(); batch !== undefined; batch = await iterator.next()) yield batch;
    } finally {
      await iterator.return();
    }
  }

  #seedOfEpoch(batches: BatchIndices): number {
    if (batches.epochSeed !== undefined) return batches.epochSeed;
    return batches.random === false ? 0 : (this.#generator ?? globalGenerator()).nextUint32();
  }

  #load(): (indices: ArrayLike<number>) => B | Promise<B> {
    const dataset = this.dataset as Dataset<unknown>;
    if (this.options.collate === undefined && isBatchDataset(dataset)) {
      return (indices) => dataset.batch(indices) as B | Promise<B>;
    }
    return (indices) => {
      const createdAfter = newestTensorId();
      const samples = new Array<unknown>(indices.length);
      let pending = false;
      for (let i = 0; i < indices.length; i++) {
        const sample = dataset.at(indices[i]!);
        pending ||= sample instanceof Promise;
        samples[i] = sample;
      }
      if (!pending) return this.#collate(samples, createdAfter);
      return Promise.all(samples).then((loaded) => this.#collate(loaded, createdAfter));
    };
  }

  #collate(samples: unknown[], createdAfter: number): B | Promise<B> {
    const { collate } = this.options;
    if (collate === undefined) return defaultCollate(samples, createdAfter) as B;
    const batch = collate(samples);
    if (batch !== undefined) return batch;
    throw new PLError('PL4005', '`collate` returned nothing', { hint: 'Return the batch from `collate`.' });
  }
};

type DataLoaderShape<B> = DataLoader<B>;

/** Whether a loader draws a new random order each epoch, as it does with `shuffle`. */
export function isShuffled({ sampler }: DataLoader<unknown>): boolean {
  return sampler instanceof RandomSampler;
}

function checkOptions(dataset: unknown, options: DataLoaderOptions): void {
  const { batchSize = 1, shuffle = false, dropLast = false, sampler, batchSampler } = options;
  checkBatchSize(batchSize);
  const conflict = (message: string, hint: string) => {
    throw new PLError('PL4003', message, { hint });
  };
  if (sampler !== undefined && shuffle) {
    conflict('A DataLoader got both `sampler` and `shuffle`', 'Both decide the order: keep one of them.');
  }
  if (
    batchSampler !== undefined &&
    (options.batchSize !== undefined || shuffle || dropLast || sampler !== undefined)
  ) {
    conflict(
      'A DataLoader got `batchSampler` together with `batchSize`, `shuffle`, `sampler` or `dropLast`',
      'A batchSampler decides all of these: leave them out.',
    );
  }
  if (isDataset(dataset)) return;
  if (
    typeof dataset !== 'object' ||
    dataset === null ||
    !(Symbol.iterator in dataset || Symbol.asyncIterator in dataset)
  ) {
    conflict(
      `A DataLoader got ${dataset === null ? 'null' : `a ${typeof dataset}`} that is no dataset`,
      'A dataset has `length` and `at(index)`, or is iterable (`[Symbol.iterator]` or `[Symbol.asyncIterator]`).',
    );
  }
  if (shuffle || sampler !== undefined || batchSampler !== undefined) {
    conflict(
      'An iterable dataset decides its own order: `shuffle`, `sampler` and `batchSampler` cannot',
      'Shuffle inside the dataset, or give it `length` and `at(index)`.',
    );
  }
}

function checkState(state: LoaderState, length: number | undefined): void {
  const { seed, position, rng = [], generator = [] } = state;
  const words = [
    seed,
    position,
    ...(Array.isArray(rng) ? rng : [-1]),
    ...(Array.isArray(generator) ? generator : [-1]),
  ];
  if (!words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)) {
    throw new PLError('PL4007', `A data loader cannot go on from ${JSON.stringify(state)}`, {
      hint: 'The checkpoint was edited, or comes from another program.',
    });
  }
  if (length !== undefined && position > length) {
    throw new PLError(
      'PL4007',
      `The epoch was interrupted after batch ${position}, the data loader has only ${length}`,
      {
        hint: 'Resume with the data and the batch size that the checkpoint was written with.',
      },
    );
  }
}
