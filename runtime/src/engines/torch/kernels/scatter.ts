import type * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { type Inputs, type Kernel, type KernelTable, plain } from './kernel.js';

const scatterNdOp = operation('scatter_nd');
const scatterNd: Kernel<Inputs<'indices' | 'updates'>, tf.ScatterNdAttrs> = (
  backend,
  { indices, updates },
  { shape },
) => backend.call(scatterNdOp, [indices, updates], shape);

const sparseToDenseOp = operation('sparse_to_dense');
const sparseToDense: Kernel<
  Inputs<'sparseIndices' | 'sparseValues' | 'defaultValue'>,
  tf.SparseToDenseAttrs
> = (backend, { sparseIndices, sparseValues, defaultValue }, { outputShape }) =>
  backend.call(sparseToDenseOp, [sparseIndices, sparseValues, defaultValue], outputShape);

export const scatterKernels: KernelTable = {
  ScatterNd: scatterNd,
  SparseToDense: sparseToDense,
  TensorScatterUpdate: plain('tensor_scatter_update', 'tensor', 'indices', 'updates'),
};
