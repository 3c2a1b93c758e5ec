import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const gatherOp = operation('gather');
const gatherV2: Kernel<Inputs<'x' | 'indices'>, tf.GatherV2Attrs> = (
  backend,
  { x, indices },
  { axis, batchDims = 0 },
) => {
  const [along] = tf.util.parseAxisParam(axis, x.shape) as [number];
  // Refuses a batch that does not fit.
  tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, along, batchDims);
  const batch = batchDims < 0 ? batchDims + indices.shape.length : batchDims;
  return backend.call(gatherOp, [x, indices], [along, batch]);
};

const gatherNdOp = operation('gather_nd');
const gatherNd: Kernel<Inputs<'params' | 'indices'>> = (backend, { params, indices }) => {
  tf.backend_util.prepareAndValidate(params, indices);
  return backend.call(gatherNdOp, [params, indices]);
};

export const gatherKernels: KernelTable = { GatherNd: gatherNd, GatherV2: gatherV2 };
