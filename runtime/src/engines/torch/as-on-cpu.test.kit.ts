import fc from 'fast-check';
import * as tf from '../../tf.js';

export type DType = 'float32' | 'int32' | 'bool' | 'complex64';

/** A tensor as it is written down, so that each engine can make its own. */
export interface Operand {
  dtype: DType;
  shape: number[];
  /** Real and imaginary parts take turns where the type is complex. */
  values: number[];
}

const floats = fc.oneof(
  { arbitrary: fc.float({ min: -8, max: 8, noNaN: true }), weight: 3 },
  {
    arbitrary: fc.constantFrom(0, 1, -1, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 6, 7, 1e-8, 1e8, -1e8),
    weight: 1,
  },
  { arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), weight: 1 },
);
const finite = fc.float({ min: -8, max: 8, noNaN: true });
const ints = fc.oneof(
  { arbitrary: fc.integer({ min: -9, max: 9 }), weight: 4 },
  { arbitrary: fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 65_536, -65_537, 46_341), weight: 1 },
);
const values: Record<DType, fc.Arbitrary<number>> = {
  float32: floats,
  int32: ints,
  bool: fc.constantFrom(0, 1),
  complex64: finite,
};

/** Of rank 0 to 6, some without elements. */
export const shapes = fc.constantFrom<number[][]>(
  [],
  [1],
  [4],
  [0],
  [2, 3],
  [2, 0, 3],
  [3, 1, 2],
  [2, 3, 1, 2],
  [1, 2, 2, 1, 3],
  [2, 1, 2, 1, 2, 3],
);

/** Operands of this type; `numbers`, where given, instead of values that try the limits of the type. */
export function operand(
  dtype: DType,
  shape: fc.Arbitrary<number[]> = shapes,
  numbers: fc.Arbitrary<number> = values[dtype],
): fc.Arbitrary<Operand> {
  return shape.chain((shape) => {
    const length = tf.util.sizeFromShape(shape) * (dtype === 'complex64' ? 2 : 1);
    return fc
      .array(numbers, { minLength: length, maxLength: length })
      .map((values) => ({ dtype, shape, values }));
  });
}

export function tensorOf({ dtype, shape, values }: Operand): tf.Tensor {
  if (dtype !== 'complex64') return tf.tensor(values, shape, dtype);
  const part = (offset: number) =>
    tf.tensor(
      values.filter((_, i) => i % 2 === offset),
      shape,
      'float32',
    );
  return tf.complex(part(0), part(1));
}

export const one = (dtype: DType, numbers?: fc.Arbitrary<number>): fc.Arbitrary<[Operand]> =>
  fc.tuple(operand(dtype, shapes, numbers));

/** Operands that all have the same shape. */
export function alike(...dtypes: DType[]): fc.Arbitrary<Operand[]> {
  return shapes.chain((shape) => fc.tuple(...dtypes.map((dtype) => operand(dtype, fc.constant(shape)))));
}

export const small = fc.float({ min: Math.fround(-2.5), max: Math.fround(2.5), noNaN: true });

export type Compute = (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

interface Result {
  shape: number[];
  dtype: string;
  values: number[];
}

function resultsOn(engine: string, compute: Compute, operands: readonly Operand[]): Result[] {
  tf.setBackend(engine);
  const before = tf.memory().numTensors;
  const results = tf.tidy(() =>
    [compute(...operands.map(tensorOf))].flat().map((tensor) => ({
      shape: tensor.shape,
      dtype: tensor.dtype,
      values: Array.from(tensor.dataSync()),
    })),
  );
  if (tf.memory().numTensors !== before) throw new Error(`${engine} leaves tensors behind`);
  return results;
}

/**
 * Expects the same shapes, types and values from torch and from tfjs's `cpu`, on the same random operands in every run.
 * @param tolerance of a value, relative to it, and 1e-6 at least
 */
export function expectAsOnCpu<Operands extends readonly Operand[]>(
  compute: Compute,
  operands: fc.Arbitrary<Operands>,
  { tolerance = 1e-5, runs = 25 } = {},
): void {
  fc.assert(
    fc.property(operands, (operands) => {
      const differs = difference(compute, operands, tolerance);
      if (differs !== undefined) throw new Error(differs);
    }),
    { seed: 4, numRuns: runs },
  );
}

function difference(compute: Compute, operands: readonly Operand[], tolerance: number): string | undefined {
  const found = resultsOn('torch', compute, operands);
  const wanted = resultsOn('cpu', compute, operands);
  for (const [i, { shape, dtype, values }] of wanted.entries()) {
    const got = found[i];
    if (got === undefined) return `result ${i} is missing`;
    if (got.dtype !== dtype || got.shape.join() !== shape.join())
      return `got ${got.dtype} [${got.shape}], wanted ${dtype} [${shape}]`;
    const wrong = values.findIndex((value, j) => !near(got.values[j]!, value, dtype, tolerance));
    if (wrong >= 0) return `value ${wrong}: got ${got.values[wrong]}, wanted ${values[wrong]}`;
  }
  return found.length === wanted.length ? undefined : `got ${found.length} results, wanted ${wanted.length}`;
}

function near(got: number, wanted: number, dtype: string, tolerance: number): boolean {
  if (dtype === 'bool') return Boolean(got) === Boolean(wanted);
  if (Number.isNaN(wanted)) return Number.isNaN(got);
  return got === wanted || Math.abs(got - wanted) <= Math.max(tolerance * Math.abs(wanted), 1e-6);
}
