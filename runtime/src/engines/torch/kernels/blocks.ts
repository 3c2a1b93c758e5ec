import type * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const spaceToBatchOp = operation('space_to_batch');
const spaceToBatchND: Kernel<Inputs<'x'>, tf.SpaceToBatchNDAttrs> = (
  backend,
  { x },
  { blockShape, paddings },
) => backend.call(spaceToBatchOp, [x], [blockShape.length, ...blockShape, ...paddings.flat()]);

const batchToSpaceOp = operation('batch_to_space');
const batchToSpaceND: Kernel<Inputs<'x'>, tf.BatchToSpaceNDAttrs> = (backend, { x }, { blockShape, crops }) =>
  backend.call(batchToSpaceOp, [x], [blockShape.length, ...blockShape, ...crops.flat()]);

const depthToSpaceOp = operation('depth_to_space');
const depthToSpace: Kernel<Inputs<'x'>, tf.DepthToSpaceAttrs> = (backend, { x }, { blockSize, dataFormat }) =>
  backend.call(depthToSpaceOp, [x], [blockSize, Number(dataFormat === 'NCHW')]);

const mirrorPadOp = operation('mirror_pad');
const mirrorPad: Kernel<Inputs<'x'>, tf.MirrorPadAttrs> = (backend, { x }, { paddings, mode }) =>
  backend.call(mirrorPadOp, [x], [Number(mode === 'symmetric'), ...paddings.flat()]);

export const blockKernels: KernelTable = {
  BatchToSpaceND: batchToSpaceND,
  DepthToSpace: depthToSpace,
  MirrorPad: mirrorPad,
  SpaceToBatchND: spaceToBatchND,
};
