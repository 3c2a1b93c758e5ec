import type * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const batchNormOp = operation('batch_norm_by_moments');
const fusedBatchNorm: Kernel<
  Inputs<'x' | 'mean' | 'variance'> & Partial<Inputs<'offset' | 'scale'>>,
  tf.FusedBatchNormAttrs
> = (backend, { x, mean, variance, offset, scale }, { varianceEpsilon }) =>
  backend.call(batchNormOp, [x, mean, variance, offset, scale], [], [varianceEpsilon ?? 0.001]);

const responseNormOp = operation('local_response_norm');
const lrn: Kernel<Inputs<'x'>, tf.LRNAttrs> = (backend, { x }, { depthRadius, bias, alpha, beta }) =>
  backend.call(responseNormOp, [x], [depthRadius], [bias, alpha, beta]);

const responseNormGradOp = operation('local_response_norm_grad');
const lrnGrad: Kernel<Inputs<'x' | 'y' | 'dy'>, tf.LRNGradAttrs> = (
  backend,
  { x, y, dy },
  { depthRadius, bias, alpha, beta },
) => backend.call(responseNormGradOp, [dy, x, y], [depthRadius], [bias, alpha, beta]);

export const imageNormKernels: KernelTable = { FusedBatchNorm: fusedBatchNorm, LRN: lrn, LRNGrad: lrnGrad };
