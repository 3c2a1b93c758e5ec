import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { disposeNewer } from './dispose-batch.js';
import { allocate, dtypeOf, isNumericArray, NdArray, type NumericArray } from './nd-array.js';

/** What default collation makes of samples of type `T`. */
export type Collated<T> = T extends number | boolean
  ? tf.Tensor1D
  : T extends string
    ? string[]
    : T extends tf.Tensor | NdArray
      ? tf.Tensor
      : T extends ArrayBufferView
        ? tf.Tensor2D
        : T extends readonly (number | boolean)[]
          ? tf.Tensor2D
          : T extends NestedNumbers
            ? tf.Tensor
            : T extends object
              ? { -readonly [K in keyof T]: Collated<T[K]> }
              : never;

type NestedNumbers = readonly (number | boolean | NestedNumbers)[];

/**
 * Makes one batch of samples, all of the same structure:
 *
 * - numbers: float32 `[batch]`; booleans: bool `[batch]`; strings: `string[]`
 * - typed arrays: `[batch, n]`, `NdArray`: `[batch, …shape]`, both with the dtype of their values
 *   (Float64Array becomes float32, integers become int32)
 * - arrays that hold only numbers or booleans, however nested: `[batch, …]`, float32 or bool
 * - tensors: stacked
 * - records, and arrays of anything else: the same record or array of batches
 *
 * JavaScript does not tell 1 from 1.0, so plain numbers are always float32: use `new NdArray(Int32Array.of(label), [])`
 * or an `ArrayDataset` for integer labels.
 *
 * @param createdAfter tensors in the samples that are newer than this tensor id were made for this batch and are
 *   disposed once stacked; older ones, and those under `tf.keep`, belong to the dataset
 * @throws PL4005 when samples differ in structure or shape, or hold something else; the message says where
 */
export function defaultCollate<T>(
  samples: readonly T[],
  createdAfter: number = Number.POSITIVE_INFINITY,
): Collated<T> {
  return collateAt(samples, '', createdAfter) as Collated<T>;
}

/** An id that every tensor made from now on exceeds. */
export function newestTensorId(): number {
  const probe = tf.scalar(0);
  probe.dispose();
  return probe.id;
}

function collateAt(values: readonly unknown[], path: string, createdAfter: number): unknown {
  const first = values[0];
  switch (typeof first) {
    case 'number':
      return collateNumbers(values, path);
    case 'boolean':
      requireAll(values, path, 'a boolean', (value) => typeof value === 'boolean');
      return tf.tensor1d(Uint8Array.from(values as boolean[], Number), 'bool');
    case 'string':
      requireAll(values, path, 'a string', (value) => typeof value === 'string');
      return [...values];
    case 'object':
      if (first !== null) return collateObjects(values, first, path, createdAfter);
  }
  throw new PLError('PL4005', `Samples hold ${describe(first)}${at(path)}, which cannot become a tensor`, {
    hint: 'Samples may hold numbers, booleans, strings, typed arrays, NdArrays, tensors, and arrays and records of these. For anything else pass `collate` to the DataLoader.',
  });
}

function collateObjects(
  values: readonly unknown[],
  first: object,
  path: string,
  createdAfter: number,
): unknown {
  if (isNumericArray(first)) {
    requireAll(
      values,
      path,
      `a ${first.constructor.name}`,
      (value) => value?.constructor === first.constructor,
    );
    return collateTypedArrays(values as NumericArray[], path);
  }
  if (first instanceof NdArray) {
    requireAll(values, path, 'an NdArray', (value) => value instanceof NdArray);
    return collateRows(values as NdArray[], path);
  }
  if (first instanceof tf.Tensor) {
    requireAll(values, path, 'a tensor', (value) => value instanceof tf.Tensor);
    return collateTensors(values as tf.Tensor[], path, createdAfter);
  }
  if (Array.isArray(first)) {
    requireAll(values, path, 'an array', Array.isArray);
    return collateArrays(values as unknown[][], path, createdAfter);
  }
  if (isRecord(first)) {
    requireAll(values, path, 'a record', isRecord);
    return collateRecords(values as Record<string, unknown>[], path, createdAfter);
  }
  throw new PLError('PL4005', `Samples hold ${describe(first)}${at(path)}, which cannot become a tensor`, {
    hint: 'Return a plain record, or pass `collate` to the DataLoader.',
  });
}

function collateNumbers(values: readonly unknown[], path: string): tf.Tensor1D {
  const packed = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value !== 'number') throw differs(values, path, i, 'a number');
    packed[i] = value;
  }
  return tf.tensor1d(packed);
}

function collateTypedArrays(rows: readonly NumericArray[], path: string): tf.Tensor2D {
  const { length } = rows[0]!;
  const dtype = dtypeOf(rows[0]!);
  const packed = allocate(dtype, rows.length * length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row.length !== length) throw shapesDiffer(path, i, [row.length], [length]);
    packed.set(row, i * length);
  }
  return tf.tensor2d(packed, [rows.length, length], dtype);
}

function collateRows(rows: readonly NdArray[], path: string): tf.Tensor {
  const { shape, dtype, data } = rows[0]!;
  const packed = allocate(dtype, rows.length * data.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row.dtype !== dtype) throw differs(rows, path, i, `dtype ${dtype}`, `dtype ${row.dtype}`);
    if (!sameShape(row.shape, shape)) throw shapesDiffer(path, i, row.shape, shape);
    packed.set(row.data, i * data.length);
  }
  return tf.tensor(packed, [rows.length, ...shape], dtype);
}

function collateTensors(tensors: readonly tf.Tensor[], path: string, createdAfter: number): tf.Tensor {
  const { shape, dtype } = tensors[0]!;
  tensors.forEach((tensor, i) => {
    if (tensor.dtype !== dtype) throw differs(tensors, path, i, `dtype ${dtype}`, `dtype ${tensor.dtype}`);
    if (!sameShape(tensor.shape, shape)) throw shapesDiffer(path, i, tensor.shape, shape);
  });
  const stacked = tf.stack([...tensors]);
  disposeNewer(tensors, createdAfter);
  return stacked;
}

function collateArrays(arrays: readonly unknown[][], path: string, createdAfter: number): unknown {
  const kind = leafKind(arrays[0]!);
  if (kind === undefined) {
    return arrays[0]!.map((_, k) => {
      arrays.forEach((array, i) => {
        if (array.length !== arrays[0]!.length)
          throw shapesDiffer(path, i, [array.length], [arrays[0]!.length]);
      });
      const column = arrays.map((array) => array[k]);
      return collateAt(column, `${path}[${k}]`, createdAfter);
    });
  }
  const dtype = kind === 'number' ? 'float32' : 'bool';
  const shape = nestedShape(arrays[0]!);
  const size = tf.util.sizeFromShape(shape);
  const packed = allocate(dtype, arrays.length * size);
  arrays.forEach((array, i) => {
    if (fill(packed, array, shape, 0, i * size, kind) < 0) {
      throw differs(arrays, path, i, `an array of ${kind}s of shape [${shape.join(', ')}]`, 'another array');
    }
  });
  return tf.tensor(packed, [arrays.length, ...shape], dtype);
}

function collateRecords(
  records: readonly Record<string, unknown>[],
  path: string,
  createdAfter: number,
): unknown {
  const keys = Object.keys(records[0]!);
  records.forEach((record, i) => {
    const missing = keys.find((key) => !Object.hasOwn(record, key));
    const extra = Object.keys(record).find((key) => !Object.hasOwn(records[0]!, key));
    if (missing === undefined && extra === undefined) return;
    throw new PLError(
      'PL4005',
      missing === undefined
        ? `Sample ${i} of the batch has the key "${extra}"${at(path)}, sample 0 has not`
        : `Sample ${i} of the batch lacks the key "${missing}"${at(path)}, which sample 0 has`,
      { hint: 'Every sample needs the same keys, or pass `collate` to the DataLoader.' },
    );
  });
  const batch: Record<string, unknown> = {};
  for (const key of keys) {
    const column = records.map((record) => record[key]);
    batch[key] = collateAt(column, path === '' ? key : `${path}.${key}`, createdAfter);
  }
  return batch;
}

/** `number` or `boolean` when all leaves of a nested array are that, else undefined. An empty array counts as numbers. */
function leafKind(array: readonly unknown[]): 'number' | 'boolean' | undefined {
  let kind: 'number' | 'boolean' | undefined;
  for (const value of array) {
    const here = Array.isArray(value) ? leafKind(value) : typeof value;
    if ((here !== 'number' && here !== 'boolean') || (kind !== undefined && here !== kind)) return undefined;
    kind = here;
  }
  return kind ?? 'number';
}

function nestedShape(array: readonly unknown[]): number[] {
  const first = array[0];
  return Array.isArray(first) ? [array.length, ...nestedShape(first)] : [array.length];
}

/** Writes the leaves from `offset` on; returns the offset behind them, or -1 when the array has another shape or type. */
function fill(
  out: Float32Array | Int32Array | Uint8Array,
  array: unknown,
  shape: readonly number[],
  depth: number,
  offset: number,
  kind: 'number' | 'boolean',
): number {
  if (!Array.isArray(array) || array.length !== shape[depth]) return -1;
  const leaves = depth === shape.length - 1;
  for (const value of array) {
    if (leaves) {
      if (typeof value !== kind) return -1;
      out[offset++] = Number(value);
    } else {
      offset = fill(out, value, shape, depth + 1, offset, kind);
      if (offset < 0) return -1;
    }
  }
  return offset;
}

function requireAll(
  values: readonly unknown[],
  path: string,
  wanted: string,
  test: (value: unknown) => boolean,
): void {
  const other = values.findIndex((value) => !test(value));
  if (other >= 0) throw differs(values, path, other, wanted);
}

function differs(
  values: readonly unknown[],
  path: string,
  i: number,
  wanted: string,
  got = describe(values[i]),
): PLError {
  return new PLError('PL4005', `Sample ${i} of the batch holds ${got}${at(path)}, sample 0 holds ${wanted}`, {
    hint: 'Every sample needs the same structure, or pass `collate` to the DataLoader.',
  });
}

function shapesDiffer(path: string, i: number, shape: readonly number[], first: readonly number[]): PLError {
  return new PLError(
    'PL4005',
    `Sample ${i} of the batch has shape [${shape.join(', ')}]${at(path)}, sample 0 has [${first.join(', ')}]`,
    { hint: 'Pad or crop the samples to one shape, or pass `collate` to the DataLoader.' },
  );
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function at(path: string): string {
  return path === '' ? '' : ` at ${path}`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return Array.isArray(value) ? 'an array' : `a ${value.constructor?.name ?? 'record'}`;
}
