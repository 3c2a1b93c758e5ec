import * as tf from '../../../tf.js';
import type { TorchBackend } from '../backend.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const unsortedSegmentSumOp = operation('unsorted_segment_sum');
const unsortedSegmentSum: Kernel<Inputs<'x' | 'segmentIds'>, tf.UnsortedSegmentSumAttrs> = (
  backend,
  { x, segmentIds },
  { numSegments },
) => backend.call(unsortedSegmentSumOp, [x, segmentIds], [numSegments]);

const sparseSegmentReduceOp = operation('sparse_segment_reduce');

/** The ids say how many rows the result has, so they are read, and checked with tfjs's words. */
function sparseSegmentReduction(mean: boolean): Kernel<Inputs<'data' | 'indices' | 'segmentIds'>> {
  return (backend, { data, indices, segmentIds }) => {
    const ids = intsOf(backend, segmentIds);
    const count = (ids.at(-1) ?? -1) + 1;
    assertSegments(ids, count);
    assertIndices(intsOf(backend, indices), data.shape[0]!);
    return backend.call(sparseSegmentReduceOp, [data, indices, segmentIds], [count, Number(mean)]);
  };
}

function intsOf(backend: TorchBackend, { dataId }: tf.TensorInfo): Int32Array {
  return backend.readSync(dataId) as Int32Array;
}

function assertSegments(ids: Int32Array, count: number): void {
  const messages = tf.backend_util;
  if (ids.length > 0 && count <= 0) {
    throw new Error(messages.getSparseSegmentReductionNegativeSegmentIdsErrorMessage());
  }
  for (const [i, id] of ids.entries()) {
    if (i > 0 && id < ids[i - 1]!) {
      throw new Error(messages.getSparseSegmentReductionNonIncreasingSegmentIdsErrorMessage());
    }
    if (id < 0 || id >= count) {
      throw new Error(messages.getSparseSegmentReductionSegmentIdOutOfRangeErrorMessage(id, count));
    }
  }
}

function assertIndices(indices: Int32Array, rows: number): void {
  for (const [i, index] of indices.entries()) {
    if (index < 0 || index >= rows) {
      throw new Error(tf.backend_util.getSparseSegmentReductionIndicesOutOfRangeErrorMessage(i, index, rows));
    }
  }
}

const bincountOp = operation('bincount');
const bincount: Kernel<Inputs<'x' | 'weights'>, tf.BincountAttrs> = (backend, { x, weights }, { size }) =>
  backend.call(bincountOp, [x, weights], [size, 0]);

const denseBincount: Kernel<Inputs<'x' | 'weights'>, tf.DenseBincountAttrs> = (
  backend,
  { x, weights },
  { size, binaryOutput = false },
) => {
  const rank = x.shape.length;
  if (rank > 2)
    throw new Error(`Error in denseBincount: input must be at most rank 2, but got rank ${rank}.`);
  return backend.call(bincountOp, [x, weights], [size, Number(binaryOutput)]);
};

/** Sums over the elements that share an id or a value. */
export const segmentKernels: KernelTable = {
  Bincount: bincount,
  DenseBincount: denseBincount,
  SparseSegmentMean: sparseSegmentReduction(true),
  SparseSegmentSum: sparseSegmentReduction(false),
  UnsortedSegmentSum: unsortedSegmentSum,
};
