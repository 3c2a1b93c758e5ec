import { backend_util, type TensorInfo, util } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { commonGraph, oneNode, reduction } from '../graphs.js';
import { type HotKernel, sizeOf } from './kernel.js';

type Axes = number | number[] | undefined;
type ReduceOp = 'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd';

function reduce(
  backend: OrtBackend,
  op: ReduceOp,
  x: TensorInfo,
  axis: Axes,
  keepDims: boolean,
): TensorInfo | undefined {
  if (x.dtype !== 'float32' || sizeOf(x.shape) < backend.limits.elements) return undefined;
  const axes = util.parseAxisParam(axis as number | number[], x.shape);
  const { dims, reduced } = mergeAxes(x.shape, axes);
  if (reduced.length === 0) return undefined;

  const [outShape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const y = backend.allocate(keepDims ? backend_util.expandShapeToKeepDim(outShape, axes) : outShape);
  const run = backend.sessions.get(`${op} ${reduced} of ${dims.length}`, () => reduction(op, reduced));
  const kept = dims.filter((_, i) => !reduced.includes(i));
  const parts = op === 'ReduceSum' && dims.length === 2 && reduced[0] === 0 ? rowParts(dims) : 1;
  if (parts === 1) {
    // Not in parallel: over the rows of a matrix, two threads take five times as long as one.
    run({ x: backend.feed(x, dims) }, { y: backend.feed(y, kept) });
    return y;
  }
  const [rows, columns] = dims as [number, number];
  const sums = backend.scratch([parts, columns]);
  const sumParts = backend.sessions.get('ReduceSum 1 of 3', () => reduction(op, [1]));
  const parallel = rows * columns >= backend.limits.parallelElements;
  sumParts({ x: backend.feed(x, [parts, rows / parts, columns]) }, { y: sums }, parallel);
  run({ x: sums }, { y: backend.feed(y, kept) });
  backend.release(sums);
  return y;
}

/** Into how many parts to cut the rows of a large matrix that are to be added up: in parts it takes half the time. */
function rowParts([rows, columns]: readonly number[]): number {
  if (rows! * columns! < 100_000) return 1;
  return [128, 64, 32, 16, 8].find((parts) => rows! % parts === 0 && rows! >= 16 * parts) ?? 1;
}

/** Drops axes of size 1 and joins neighbours with the same fate, so that few graphs serve every shape. */
export function mergeAxes(
  shape: readonly number[],
  axes: readonly number[],
): { dims: number[]; reduced: number[] } {
  const dims: number[] = [];
  const reduced: number[] = [];
  let previous: boolean | undefined;
  shape.forEach((size, axis) => {
    if (size === 1) return;
    const gone = axes.includes(axis);
    if (gone === previous) {
      dims[dims.length - 1]! *= size;
    } else {
      dims.push(size);
      if (gone) reduced.push(dims.length - 1);
    }
    previous = gone;
  });
  return { dims, reduced };
}

/**
 * Whether the sum of all values is a number, which it is not when one of them is NaN: a quick way to rule that out.
 * False for tensors that stay in JavaScript.
 */
export function sumsToNumber(backend: OrtBackend, x: TensorInfo): boolean {
  const axes = x.shape.map((_, axis) => axis);
  const sum = reduce(backend, 'ReduceSum', x, axes, false);
  if (sum === undefined) return false;
  const isNumber = !Number.isNaN(backend.float32(sum)[0]);
  backend.disposeIntermediateTensorInfo(sum);
  return isNumber;
}

interface AxisAttrs {
  axis?: Axes;
  keepDims?: boolean;
}

const byAxis =
  (op: ReduceOp): HotKernel<{ x: TensorInfo }, AxisAttrs> =>
  ({ inputs: { x }, attrs: { axis, keepDims = false }, backend }) =>
    reduce(backend, op, x, axis, keepDims);

/** ONNX Runtime's maximum and minimum pass over NaN, tfjs's do not: a (quick) sum tells whether there is any. */
function extremum(
  op: 'ReduceMax' | 'ReduceMin',
  backend: OrtBackend,
  x: TensorInfo,
  axis: Axes,
  keepDims = false,
): TensorInfo | undefined {
  const sums = reduce(backend, 'ReduceSum', x, axis, keepDims);
  if (sums === undefined) return undefined;
  const suspicious = backend.float32(sums).some(Number.isNaN);
  backend.disposeIntermediateTensorInfo(sums);
  return suspicious ? undefined : reduce(backend, op, x, axis, keepDims);
}

const max: HotKernel<{ x: TensorInfo }, { reductionIndices?: Axes; keepDims?: boolean }> = ({
  inputs: { x },
  attrs,
  backend,
}) => extremum('ReduceMax', backend, x, attrs.reductionIndices, attrs.keepDims);

const min: HotKernel<{ x: TensorInfo }, AxisAttrs> = ({ inputs: { x }, attrs, backend }) =>
  extremum('ReduceMin', backend, x, attrs.axis, attrs.keepDims);

export const reductionKernels = {
  Sum: byAxis('ReduceSum'),
  Mean: byAxis('ReduceMean'),
  Prod: byAxis('ReduceProd'),
  Max: max,
  Min: min,
};

const softmaxGraph = commonGraph('Softmax', oneNode('Softmax', ['x'], { axis: 1 }));

/** Softmax over the last axis, the only one that tfjs asks for. */
export const softmax: HotKernel<{ logits: TensorInfo }, { dim: number }> = ({
  inputs: { logits },
  attrs: { dim },
  backend,
}) => {
  const { shape } = logits;
  const size = sizeOf(shape);
  if (logits.dtype !== 'float32' || size < backend.limits.elements) return undefined;
  if (dim !== -1 && dim !== shape.length - 1) return undefined;
  const classes = shape.at(-1)!;
  const dims = [size / classes, classes];
  const y = backend.allocate(shape);
  const run = backend.sessions.get(softmaxGraph);
  run(
    { x: backend.feed(logits, dims) },
    { y: backend.feed(y, dims) },
    size >= backend.limits.parallelElements,
  );
  return y;
};
