import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { type Inputs, type Kernel, type KernelTable, plain } from './kernel.js';

const reshapeOp = operation('reshape');
const reshape: Kernel<Inputs<'x'>, tf.ReshapeAttrs> = (backend, { x }, { shape }) => {
  if (x.dtype === 'string') return { ...backend.share(x), shape: inferred(x, shape) };
  return backend.call(reshapeOp, [x], inferred(x, shape));
};

function inferred(x: tf.TensorInfo, shape: number[]): number[] {
  const size = tf.util.sizeFromShape(x.shape);
  const known = tf.util.inferFromImplicitShape(shape, size);
  const wanted = tf.util.sizeFromShape(known);
  tf.util.assert(
    size === wanted,
    () =>
      `The new shape (${known}) has ${wanted} elements and the old shape (${x.shape}) has ${size} elements.`,
  );
  return known;
}

const expandDims: Kernel<Inputs<'input'>, tf.ExpandDimsAttrs> = (backend, { input }, { dim }) => {
  const rank = input.shape.length;
  tf.util.assert(
    -(rank + 1) <= dim && dim <= rank,
    () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`,
  );
  const axis = dim < 0 ? rank + dim + 1 : dim;
  const shape = [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)];
  return reshape(backend, { x: input }, { shape });
};

const identity: Kernel<Inputs<'x'>> = (backend, { x }) => backend.share(x);

const permuteOp = operation('permute');
const transpose: Kernel<Inputs<'x'>, tf.TransposeAttrs> = (backend, { x }, { perm }) =>
  backend.call(permuteOp, [x], perm);

const sliceOp = operation('slice');
const slice: Kernel<Inputs<'x'>, tf.SliceAttrs> = (backend, { x }, { begin, size }) => {
  const [starts, sizes] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size) as [number[], number[]];
  tf.slice_util.assertParamsValid(x as tf.Tensor, starts, sizes);
  return backend.call(sliceOp, [x], [...starts, ...sizes]);
};

const stridedSliceOp = operation('strided_slice');
const stridedSlice: Kernel<Inputs<'x'>, tf.StridedSliceAttrs> = (
  backend,
  { x },
  { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask },
) => {
  const info = tf.slice_util.sliceInfo(
    x.shape,
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
  const sizes = tf.slice_util.computeOutShape(info.begin, info.end, info.strides);
  return backend.call(stridedSliceOp, [x], [...info.begin, ...info.strides, ...sizes, ...info.finalShape]);
};

const concatOp = operation('concat');
const concat: Kernel<readonly tf.TensorInfo[], tf.ConcatAttrs> = (backend, inputs, { axis }) => {
  const [along] = tf.util.parseAxisParam(axis, inputs[0]!.shape);
  tf.backend_util.assertParamsConsistent(
    inputs.map(({ shape }) => shape),
    along!,
  );
  const full = inputs.filter(({ shape }) => tf.util.sizeFromShape(shape) > 0);
  if (full.length === 0) {
    const shape = tf.backend_util.computeOutShape(
      inputs.map(({ shape }) => shape),
      along!,
    );
    return backend.fill(shape, 0, inputs[0]!.dtype as 'float32');
  }
  return full.length === 1 ? backend.share(full[0]!) : backend.call(concatOp, full, [along!]);
};

const stackOp = operation('stack');
const pack: Kernel<readonly tf.TensorInfo[], tf.PackAttrs> = (backend, inputs, { axis }) => {
  const [{ shape, dtype }] = inputs as [tf.TensorInfo];
  for (const input of inputs) {
    tf.util.assertShapesMatch(shape, input.shape, 'All tensors passed to stack must have matching shapes');
    tf.util.assert(dtype === input.dtype, () => 'All tensors passed to stack must have matching dtypes');
  }
  return backend.call(stackOp, inputs, [axis]);
};

const splitOp = operation('split');
const splitV: Kernel<Inputs<'x'>, tf.SplitVAttrs, tf.TensorInfo[]> = (
  backend,
  { x },
  { numOrSizeSplits, axis },
) => {
  const [along] = tf.util.parseAxisParam(axis, x.shape);
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along);
  return backend.callAll(splitOp, [x], [along!, ...sizes]);
};

const unstackOp = operation('unstack');
const unpack: Kernel<Inputs<'value'>, tf.UnpackAttrs, tf.TensorInfo[]> = (backend, { value }, { axis }) =>
  backend.callAll(unstackOp, [value], [axis < 0 ? axis + value.shape.length : axis]);

const tileOp = operation('tile');
const tile: Kernel<Inputs<'x'>, tf.TileAttrs> = (backend, { x }, { reps }) => backend.call(tileOp, [x], reps);

const flipOp = operation('flip');
const reverse: Kernel<Inputs<'x'>, tf.ReverseAttrs> = (backend, { x }, { dims }) =>
  x.shape.length === 0 ? backend.share(x) : backend.call(flipOp, [x], tf.util.parseAxisParam(dims, x.shape));

const broadcastOp = operation('broadcast_to');
const broadcastTo: Kernel<Inputs<'x'>, tf.BroadCastToAttrs> = (backend, { x }, { shape }) =>
  backend.call(broadcastOp, [x], shape);

const padOp = operation('pad');
const padV2: Kernel<Inputs<'x'>, tf.PadV2Attrs> = (backend, { x }, { paddings, constantValue }) =>
  backend.call(padOp, [x], paddings.flat(), [constantValue]);

export const shapeKernels: KernelTable = {
  BroadcastTo: broadcastTo,
  Concat: concat,
  Diag: plain('diag', 'x'),
  ExpandDims: expandDims,
  Identity: identity,
  Pack: pack,
  PadV2: padV2,
  Reshape: reshape,
  Reverse: reverse,
  Slice: slice,
  SplitV: splitV,
  StridedSlice: stridedSlice,
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
};
