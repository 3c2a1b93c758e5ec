import { backend_util, type TensorInfo, util } from '../../../tf.js';
import { type HotKernel, sizeOf } from './kernel.js';

interface GatherAttrs {
  axis: number;
  batchDims: number;
}

/** Rows of `x` by index, such as an embedding's. Batched gathers are left to `cpu`, as are its errors. */
export const gatherV2: HotKernel<{ x: TensorInfo; indices: TensorInfo }, GatherAttrs> = ({
  inputs: { x, indices },
  attrs: { axis, batchDims },
  backend,
}) => {
  if (x.dtype !== 'float32' || indices.dtype !== 'int32' || batchDims) return undefined;
  const $axis = util.parseAxisParam(axis, x.shape)[0]!;
  const rows = x.shape[$axis]!;
  const count = sizeOf(indices.shape);
  const { outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(
    x as never,
    indices as never,
    $axis,
    0,
  );
  if (sizeOf(outputShape) < backend.limits.elements) return undefined;
  const ids = backend.int32(indices);
  if (ids.some((id) => id < 0 || id >= rows)) return undefined;

  const outer = sizeOf(x.shape.slice(0, $axis));
  const width = sizeOf(x.shape.slice($axis + 1));
  const y = backend.allocate(outputShape);
  const run = backend.sessions.get('Gather', () => ({
    nodes: [{ op: 'Gather', inputs: ['x', 'ids'], outputs: ['y'], attributes: { axis: 1 } }],
    inputs: { x: 'float32', ids: 'int32' },
    outputs: { y: 'float32' },
  }));
  run(
    { x: backend.feed(x, [outer, rows, width]), ids: { type: 'int32', dims: [count], data: ids } },
    { y: backend.feed(y, [outer, count, width]) },
  );
  return y;
};

/**
 * Sums the rows of `x` by segment, which is also the gradient of a gather. In JavaScript: ONNX Runtime's
 * `ScatterND` with addition takes longer. Rows of an unknown segment count nowhere.
 */
export const unsortedSegmentSum: HotKernel<
  { x: TensorInfo; segmentIds: TensorInfo },
  { numSegments: number }
> = ({ inputs: { x, segmentIds }, attrs: { numSegments }, backend }) => {
  if (x.dtype !== 'float32' || segmentIds.dtype !== 'int32' || segmentIds.shape.length !== 1)
    return undefined;
  if (x.shape[0] !== segmentIds.shape[0]) return undefined;
  const y = backend.allocate([numSegments, ...x.shape.slice(1)]);
  const sums = backend.float32(y).fill(0);
  const values = backend.float32(x);
  const ids = backend.int32(segmentIds);
  const width = sizeOf(x.shape.slice(1));
  for (let row = 0, from = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (id < 0 || id >= numSegments) {
      from += width;
      continue;
    }
    for (let to = id * width, end = to + width; to < end; ) sums[to++]! += values[from++]!;
  }
  return y;
};
