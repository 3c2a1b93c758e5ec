/** Samples that can be fetched by index. A plain array is one. */
export interface Dataset<T> {
  readonly length: number;
  at(index: number): T | Promise<T>;
}

/** A dataset that can make a whole batch faster than sample by sample. The loader uses `batch` when it is there. */
export interface BatchDataset<T, B> extends Dataset<T> {
  batch(indices: ArrayLike<number>): B | Promise<B>;
}

/** Samples that come one after the other: a stream, a generator. Each epoch iterates it anew. */
export type IterableDataset<T> = Iterable<T> | AsyncIterable<T>;

export function isDataset(value: unknown): value is Dataset<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'length' in value &&
    typeof value.length === 'number' &&
    'at' in value &&
    typeof value.at === 'function'
  );
}

export function isBatchDataset(value: Dataset<unknown>): value is BatchDataset<unknown, unknown> {
  return 'batch' in value && typeof value.batch === 'function';
}
