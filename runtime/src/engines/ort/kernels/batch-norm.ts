import type { TensorInfo } from '../../../tf.js';
import { commonGraph, floatGraph } from '../graphs.js';
import { type HotKernel, isFloat, sizeOf } from './kernel.js';

interface BatchNormInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  offset?: TensorInfo;
  scale?: TensorInfo;
}

const affine = commonGraph(
  'Affine',
  floatGraph(
    [
      { op: 'Mul', inputs: ['x', 'factor'], outputs: ['scaled'] },
      { op: 'Add', inputs: ['scaled', 'shift'], outputs: ['y'] },
    ],
    ['x', 'factor', 'shift'],
  ),
);

/** (x - mean) / √(variance + ε) · scale + offset, with one value of each per channel (the last axis). */
export const fusedBatchNorm: HotKernel<BatchNormInputs, { varianceEpsilon?: number }> = ({
  inputs: { x, mean, variance, offset, scale },
  attrs: { varianceEpsilon = 0.001 },
  backend,
}) => {
  if (!isFloat(x, mean, variance, offset, scale) || sizeOf(x.shape) < backend.limits.elements)
    return undefined;
  const channels = x.shape.at(-1)!;
  const perChannel = (part: TensorInfo | undefined) => part === undefined || sizeOf(part.shape) === channels;
  if (mean.shape.length !== 1 || ![mean, variance, offset, scale].every(perChannel)) return undefined;

  const [means, variances] = [backend.float32(mean), backend.float32(variance)];
  const [offsets, scales] = [offset && backend.float32(offset), scale && backend.float32(scale)];
  const factor = new Float32Array(channels);
  const shift = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    factor[c] = (scales?.[c] ?? 1) / Math.sqrt(variances[c]! + varianceEpsilon);
    shift[c] = (offsets?.[c] ?? 0) - means[c]! * factor[c]!;
  }
  const y = backend.allocate(x.shape);
  const dims = [sizeOf(x.shape) / channels, channels];
  const run = backend.sessions.get(affine);
  const vector = (data: Float32Array) => ({ type: 'float32', dims: [channels], data }) as const;
  run(
    { x: backend.feed(x, dims), factor: vector(factor), shift: vector(shift) },
    { y: backend.feed(y, dims) },
  );
  return y;
};
