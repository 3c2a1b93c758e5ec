import { backend_util, slice_util, type TensorInfo, util } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { oneNode } from '../graphs.js';
import { type HotKernel, int64, isFloat, scalar, sizeOf, view } from './kernel.js';

/** Kernels that only move values: float32, one copy each, or none where a view will do. */

export const transpose: HotKernel<{ x: TensorInfo }, { perm: number[] }> = ({
  inputs: { x },
  attrs: { perm },
  backend,
}) => {
  const shape = perm.map((axis) => x.shape[axis]!);
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  if (
    x.dtype !== 'string' &&
    x.dtype !== 'complex64' &&
    moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)
  ) {
    return view(backend, x, shape);
  }
  if (x.dtype !== 'float32' || sizeOf(shape) < backend.limits.elements) return undefined;
  const y = backend.allocate(shape);
  const run = backend.sessions.get(`Transpose ${perm}`, () => oneNode('Transpose', ['x'], { perm }));
  run({ x: backend.feed(x) }, { y: backend.feed(y) });
  return y;
};

export const concat: HotKernel<readonly TensorInfo[], { axis: number }> = ({ inputs, attrs, backend }) => {
  const [first] = inputs;
  if (first === undefined) return undefined;
  const axis = util.parseAxisParam(attrs.axis, first.shape)[0]!;
  const shapes = inputs.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, axis);
  return join(backend, inputs, axis, backend_util.computeOutShape(shapes, axis));
};

export const pack: HotKernel<readonly TensorInfo[], { axis: number }> = ({
  inputs,
  attrs: { axis },
  backend,
}) => {
  const [first] = inputs;
  if (first === undefined || axis < 0) return undefined;
  if (inputs.some(({ shape }) => !util.arraysEqual(shape, first.shape))) return undefined;
  const shape = [...first.shape.slice(0, axis), inputs.length, ...first.shape.slice(axis)];
  return join(backend, inputs, axis, shape);
};

/** `axis` may be the rank of the parts: then every part is one column. */
function join(
  backend: OrtBackend,
  parts: readonly TensorInfo[],
  axis: number,
  shape: number[],
): TensorInfo | undefined {
  if (!isFloat(...parts) || parts.length < 2 || sizeOf(shape) < backend.limits.elements) return undefined;
  const rows = sizeOf(shape.slice(0, axis));
  if (rows === 0 || parts.some((part) => sizeOf(part.shape) === 0)) return undefined;
  const names = parts.map((_, i) => `x${i}`);
  const feeds = Object.fromEntries(
    parts.map((part, i) => [names[i], backend.feed(part, [rows, sizeOf(part.shape) / rows])]),
  );
  const y = backend.allocate(shape);
  const run = backend.sessions.get(`Concat ${parts.length}`, () => oneNode('Concat', names, { axis: 1 }));
  run(feeds, { y: backend.feed(y, [rows, sizeOf(shape) / rows]) });
  return y;
}

interface SliceAttrs {
  begin: number | number[];
  size: number | number[];
}

export const slice: HotKernel<{ x: TensorInfo }, SliceAttrs> = ({ inputs: { x }, attrs, backend }) => {
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin, attrs.size);
  slice_util.assertParamsValid(x as never, begin as number[], size as number[]);
  return cut(backend, x, begin as number[], size as number[]);
};

/** A copy, also where `cpu` gives a view: an update of `x` in place must not change it. */
function cut(backend: OrtBackend, x: TensorInfo, begin: number[], size: number[]): TensorInfo | undefined {
  if (x.dtype !== 'float32' || sizeOf(size) === 0) return undefined;
  if (slice_util.isSliceContinous(x.shape, begin, size)) {
    const y = backend.allocate(size);
    const offset = slice_util.computeFlatOffset(begin, util.computeStrides(x.shape));
    backend.float32(y).set(backend.float32(x).subarray(offset, offset + sizeOf(size)));
    return y;
  }
  if (sizeOf(size) < backend.limits.elements) return undefined;
  const y = backend.allocate(size);
  const run = backend.sessions.get('Slice', () => ({
    nodes: [{ op: 'Slice', inputs: ['x', 'starts', 'ends'], outputs: ['y'] }],
    inputs: { x: 'float32', starts: 'int64', ends: 'int64' },
    outputs: { y: 'float32' },
  }));
  const ends = begin.map((start, i) => start + size[i]!);
  run({ x: backend.feed(x), starts: int64(...begin), ends: int64(...ends) }, { y: backend.feed(y) });
  return y;
}

interface SplitAttrs {
  numOrSizeSplits: number | number[];
  axis: number;
}

export const splitV: HotKernel<{ x: TensorInfo }, SplitAttrs, TensorInfo[]> = ({
  inputs: { x },
  attrs: { numOrSizeSplits, axis },
  backend,
}) => {
  if (x.dtype !== 'float32' || sizeOf(x.shape) < backend.limits.elements) return undefined;
  const $axis = util.parseAxisParam(axis, x.shape)[0]!;
  const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, $axis);
  if (sizes.includes(0)) return undefined;
  return cutAlong(backend, x, $axis, sizes);
};

export const unpack: HotKernel<{ value: TensorInfo }, { axis: number }, TensorInfo[]> = ({
  inputs: { value },
  attrs: { axis },
  backend,
}) => {
  const $axis = axis < 0 ? axis + value.shape.length : axis;
  if (value.dtype !== 'float32' || sizeOf(value.shape) < backend.limits.elements) return undefined;
  const shape = value.shape.filter((_, i) => i !== $axis);
  const parts = cutAlong(backend, value, $axis, Array<number>(value.shape[$axis]!).fill(1));
  return parts?.map(({ dataId, dtype }) => ({ dataId, dtype, shape }));
};

function cutAlong(backend: OrtBackend, x: TensorInfo, axis: number, sizes: number[]): TensorInfo[] {
  const rows = sizeOf(x.shape.slice(0, axis));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const columns = x.shape[axis]! * inner;
  const values = backend.float32(x);
  let start = 0;
  return sizes.map((size) => {
    const y = backend.allocate(x.shape.map((dim, i) => (i === axis ? size : dim)));
    const target = backend.float32(y);
    const width = size * inner;
    for (let row = 0; row < rows; row++) {
      const from = row * columns + start;
      if (width > COPY_BY_CALL) target.set(values.subarray(from, from + width), row * width);
      else for (let i = 0; i < width; i++) target[row * width + i] = values[from + i]!;
    }
    start += width;
    return y;
  });
}

/** Values from which `set` beats a loop. */
const COPY_BY_CALL = 48;

interface PadAttrs {
  paddings: [number, number][];
  constantValue: number;
}

export const padV2: HotKernel<{ x: TensorInfo }, PadAttrs> = ({
  inputs: { x },
  attrs: { paddings, constantValue },
  backend,
}) => {
  const shape = x.shape.map((dim, i) => paddings[i]![0] + dim + paddings[i]![1]);
  if (x.dtype !== 'float32' || sizeOf(x.shape) === 0 || sizeOf(shape) < backend.limits.elements)
    return undefined;
  const y = backend.allocate(shape);
  const run = backend.sessions.get('Pad', () => ({
    nodes: [{ op: 'Pad', inputs: ['x', 'pads', 'value'], outputs: ['y'] }],
    inputs: { x: 'float32', pads: 'int64', value: 'float32' },
    outputs: { y: 'float32' },
  }));
  const pads = int64(...paddings.map(([before]) => before), ...paddings.map(([, after]) => after));
  run({ x: backend.feed(x), pads, value: scalar(constantValue) }, { y: backend.feed(y) });
  return y;
};

export const tile: HotKernel<{ x: TensorInfo }, { reps: number[] }> = ({
  inputs: { x },
  attrs: { reps },
  backend,
}) => {
  const shape = x.shape.map((dim, i) => dim * reps[i]!);
  if (x.dtype !== 'float32' || x.shape.length === 0 || sizeOf(shape) < backend.limits.elements)
    return undefined;
  const y = backend.allocate(shape);
  const run = backend.sessions.get('Tile', () => ({
    nodes: [{ op: 'Tile', inputs: ['x', 'repeats'], outputs: ['y'] }],
    inputs: { x: 'float32', repeats: 'int64' },
    outputs: { y: 'float32' },
  }));
  run({ x: backend.feed(x), repeats: int64(...reps) }, { y: backend.feed(y) });
  return y;
};

export const fill: HotKernel<object, { shape: number[]; value: number | string; dtype?: string }> = ({
  attrs: { shape, value, dtype },
  backend,
}) => {
  if (typeof value !== 'number' || (dtype !== undefined && dtype !== 'float32')) return undefined;
  return filled(backend, shape, value);
};

export const zerosLike: HotKernel<{ x: TensorInfo }, object> = ({ inputs: { x }, backend }) =>
  x.dtype === 'float32' ? filled(backend, x.shape, 0) : undefined;

export const onesLike: HotKernel<{ x: TensorInfo }, object> = ({ inputs: { x }, backend }) =>
  x.dtype === 'float32' ? filled(backend, x.shape, 1) : undefined;

function filled(backend: OrtBackend, shape: readonly number[], value: number): TensorInfo {
  const y = backend.allocate(shape);
  backend.float32(y).fill(value);
  return y;
}
