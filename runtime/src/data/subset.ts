import { PLError } from '../errors/pl-error.js';
import { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import { type BatchDataset, type Dataset, isBatchDataset } from './dataset.js';

/** The samples of `dataset` at `indices`, in that order. Keeps the dataset's way of making whole batches. */
export function subset<T, B>(dataset: BatchDataset<T, B>, indices: ArrayLike<number>): BatchDataset<T, B>;
export function subset<T>(dataset: readonly T[], indices: ArrayLike<number>): Dataset<T>;
export function subset<T>(dataset: Dataset<T>, indices: ArrayLike<number>): Dataset<T>;
export function subset(dataset: Dataset<unknown>, indices: ArrayLike<number>): Dataset<unknown> {
  const outside = Array.from(indices).find((i) => !Number.isInteger(i) || i < 0 || i >= dataset.length);
  if (outside !== undefined) {
    throw new PLError('PL4004', `Sample ${outside} does not exist, the dataset has ${dataset.length}`, {
      hint: 'Indices of a subset are integers from 0 to the length of the dataset less one.',
    });
  }
  return isBatchDataset(dataset) ? new BatchSubset(dataset, indices) : new Subset(dataset, indices);
}

/** As many parts as lengths, so that `const [train, val] = …` needs no check. */
type Parts<L extends readonly number[], Part> = { -readonly [I in keyof L]: Part };

/**
 * Splits a dataset at random into parts that do not overlap.
 *
 * @param lengths numbers of samples that add up to the dataset's length, or fractions that add up to 1: each part
 *   gets the whole number below its fraction, what is left goes to the parts in turn (PL4010)
 * @param seed the same seed gives the same split; without one the global generator decides
 */
export function randomSplit<T, B, const L extends readonly number[]>(
  dataset: BatchDataset<T, B>,
  lengths: L,
  seed?: number,
): Parts<L, BatchDataset<T, B>>;
export function randomSplit<T, const L extends readonly number[]>(
  dataset: readonly T[],
  lengths: L,
  seed?: number,
): Parts<L, Dataset<T>>;
export function randomSplit<T, const L extends readonly number[]>(
  dataset: Dataset<T>,
  lengths: L,
  seed?: number,
): Parts<L, Dataset<T>>;
export function randomSplit(
  dataset: Dataset<unknown>,
  lengths: readonly number[],
  seed?: number,
): Dataset<unknown>[] {
  const counts = countsOf(lengths, dataset.length);
  const generator = seed === undefined ? globalGenerator() : new Generator(seed);
  const order = generator.permutation(dataset.length);
  let start = 0;
  return counts.map((count) => {
    const part = subset(dataset, order.subarray(start, start + count));
    start += count;
    return part;
  });
}

function countsOf(lengths: readonly number[], total: number): number[] {
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (lengths.every((n) => Number.isInteger(n) && n >= 0) && sum === total) return [...lengths];
  if (lengths.every((f) => f >= 0 && f <= 1) && Math.abs(sum - 1) < 1e-6) {
    const counts = lengths.map((fraction) => Math.floor(fraction * total + 1e-9));
    const left = total - counts.reduce((a, b) => a + b, 0);
    for (let i = 0; i < left; i++) counts[i % counts.length]!++;
    return counts;
  }
  throw new PLError(
    'PL4010',
    `Cannot split ${total} samples into [${lengths.join(', ')}], which add up to ${sum}`,
    {
      hint: `Give numbers of samples that add up to ${total}, or fractions that add up to 1.`,
    },
  );
}

class Subset<T> implements Dataset<T> {
  readonly length: number;

  constructor(
    protected readonly dataset: Dataset<T>,
    protected readonly indices: ArrayLike<number>,
  ) {
    this.length = indices.length;
  }

  at(index: number): T | Promise<T> {
    return this.dataset.at(this.parentIndex(index));
  }

  protected parentIndex(index: number): number {
    const parent = this.indices[index];
    if (parent !== undefined) return parent;
    throw new PLError('PL4004', `Sample ${index} does not exist, the subset has ${this.length}`, {
      hint: 'A sampler gave an index that is out of range.',
    });
  }
}

class BatchSubset<T, B> extends Subset<T> implements BatchDataset<T, B> {
  readonly #batches: BatchDataset<T, B>;

  constructor(dataset: BatchDataset<T, B>, indices: ArrayLike<number>) {
    super(dataset, indices);
    this.#batches = dataset;
  }

  batch(indices: ArrayLike<number>): B | Promise<B> {
    return this.#batches.batch(Int32Array.from(indices, (index) => this.parentIndex(index)));
  }
}
