import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import type { BatchDataset } from './dataset.js';
import { allocate, dtypeOf, type HostDtype, isNumericArray, NdArray, type NumericArray } from './nd-array.js';

/** Values with their shape; the first dimension counts the samples. An `NdArray` is one. */
export interface ArrayColumn {
  data: NumericArray;
  shape: readonly number[];
  dtype?: HostDtype;
}

/** A column of an `ArrayDataset`; a bare typed array holds one value per sample. */
export type Column = NumericArray | ArrayColumn | readonly string[];

interface TensorOfRank {
  1: tf.Tensor1D;
  2: tf.Tensor2D;
  3: tf.Tensor3D;
  4: tf.Tensor4D;
  5: tf.Tensor5D;
}

type ColumnBatch<C> = C extends readonly string[]
  ? string[]
  : C extends NumericArray
    ? tf.Tensor1D
    : C extends { shape: { length: infer Rank } }
      ? Rank extends keyof TensorOfRank
        ? TensorOfRank[Rank]
        : tf.Tensor
      : never;

type Columns = { readonly [name: string]: Column } | readonly Column[];
export type ArraySample<C> = { -readonly [K in keyof C]: C[K] extends readonly string[] ? string : NdArray };
export type ArrayBatch<C> = { -readonly [K in keyof C]: ColumnBatch<C[K]> };

/**
 * A dataset held in memory as columns. A batch is packed in one pass per column, without an object per sample.
 *
 * @example
 * const digits = new ArrayDataset({
 *   images: { data: pixels, shape: [n, 8, 8, 1] },   // Float32Array, n * 64 values
 *   labels: Int32Array.from(labels),
 * });
 * for (const { images, labels } of new DataLoader(digits, { batchSize: 32, shuffle: true })) …
 */
export class ArrayDataset<const C extends Columns> implements BatchDataset<ArraySample<C>, ArrayBatch<C>> {
  readonly length: number;
  readonly #columns: C;
  readonly #rows: (ColumnRows | readonly string[])[];
  readonly #names: string[];

  /** Throws PL4009 when columns differ in length or a shape does not fit its values. */
  constructor(columns: C) {
    this.#columns = columns;
    this.#names = Object.keys(columns);
    this.#rows = Object.values<Column>(columns).map((column, i) => rowsOf(column, this.#names[i]!));
    const lengths = this.#rows.map((rows) => rows.length);
    this.length = lengths[0] ?? 0;
    const other = lengths.findIndex((length) => length !== this.length);
    if (lengths.length === 0 || other > 0) {
      throw new PLError(
        'PL4009',
        lengths.length === 0
          ? 'A dataset without columns'
          : `Column "${this.#names[0]}" has ${this.length} rows, column "${this.#names[other]}" has ${lengths[other]}`,
        {
          hint: 'Every column holds one row per sample: a typed array, { data, shape: [samples, …] } or strings.',
        },
      );
    }
  }

  /** Sample `index`: views on the columns, no copies. */
  at(index: number): ArraySample<C> {
    checkIndex(index, this.length);
    return this.#assemble((rows) =>
      rows instanceof ColumnRows ? rows.at(index) : rows[index]!,
    ) as ArraySample<C>;
  }

  /** The samples as tensors `[indices.length, …]`, strings as an array. */
  batch(indices: ArrayLike<number>): ArrayBatch<C> {
    for (let i = 0; i < indices.length; i++) checkIndex(indices[i]!, this.length);
    return this.#assemble((rows) =>
      rows instanceof ColumnRows ? rows.gather(indices) : Array.from(indices, (index) => rows[index]!),
    ) as ArrayBatch<C>;
  }

  #assemble(take: (rows: ColumnRows | readonly string[]) => unknown): unknown {
    if (Array.isArray(this.#columns)) return this.#rows.map(take);
    const record: Record<string, unknown> = {};
    for (let i = 0; i < this.#names.length; i++) record[this.#names[i]!] = take(this.#rows[i]!);
    return record;
  }
}

class ColumnRows {
  readonly length: number;
  readonly #rowShape: number[];
  readonly #rowSize: number;

  constructor(
    readonly data: NumericArray,
    shape: readonly number[],
    readonly dtype: HostDtype,
  ) {
    this.length = shape[0]!;
    this.#rowShape = shape.slice(1);
    this.#rowSize = tf.util.sizeFromShape(this.#rowShape);
  }

  at(index: number): NdArray {
    const row = this.data.subarray(index * this.#rowSize, (index + 1) * this.#rowSize);
    return new NdArray(row, this.#rowShape, this.dtype);
  }

  gather(indices: ArrayLike<number>): tf.Tensor {
    const { data } = this;
    const size = this.#rowSize;
    const packed = allocate(this.dtype, indices.length * size);
    if (size === 1) for (let i = 0; i < indices.length; i++) packed[i] = data[indices[i]!]!;
    else {
      for (let i = 0; i < indices.length; i++) {
        const from = indices[i]! * size;
        packed.set(data.subarray(from, from + size), i * size);
      }
    }
    return tf.tensor(packed, [indices.length, ...this.#rowShape], this.dtype);
  }
}

function rowsOf(column: Column, name: string): ColumnRows | readonly string[] {
  if (isNumericArray(column)) return new ColumnRows(column, [column.length], dtypeOf(column));
  if ('data' in column && isNumericArray(column.data)) {
    const { data, shape, dtype = dtypeOf(data) } = column;
    if (shape.length === 0 || data.length !== tf.util.sizeFromShape([...shape])) {
      throw new PLError(
        'PL4009',
        `Column "${name}": ${data.length} values do not fill the shape [${shape.join(', ')}]`,
        {
          hint: 'The shape is [samples, …one sample]; its product must be the number of values.',
        },
      );
    }
    return new ColumnRows(data, shape, dtype);
  }
  if (Array.isArray(column) && column.every((value) => typeof value === 'string'))
    return column as readonly string[];
  throw new PLError('PL4009', `Column "${name}" is neither a typed array, nor { data, shape }, nor strings`, {
    hint: 'Numbers in a plain array: Float32Array.from(values) or Int32Array.from(values).',
  });
}

function checkIndex(index: number, length: number): void {
  if (index >= 0 && index < length && Number.isInteger(index)) return;
  throw new PLError('PL4004', `Sample ${index} does not exist, the dataset has ${length}`, {
    hint: 'A sampler or a subset gave an index that is out of range.',
  });
}
