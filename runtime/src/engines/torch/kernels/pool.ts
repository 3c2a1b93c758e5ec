import * as tf from '../../../tf.js';
import type { TorchBackend } from '../backend.js';
import { type Operation, operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';
import { window2d, window3d } from './window.js';

type Pool2DAttrs = Pick<tf.MaxPoolAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;
type Pool3DAttrs = Pick<tf.MaxPool3DAttrs, 'filterSize' | 'strides' | 'pad' | 'dimRoundingMode'>;

function info2d(x: tf.TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool2DAttrs) {
  return tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** Whether the pooling changes nothing. */
function isIdentity(info: tf.backend_util.Conv2DInfo): boolean {
  return (
    info.filterHeight === 1 && info.filterWidth === 1 && tf.util.arraysEqual(info.inShape, info.outShape)
  );
}

function attributes2d(info: tf.backend_util.Conv2DInfo): number[] {
  return [info.filterHeight, info.filterWidth, ...window2d(info)];
}

function attributes3d(
  x: tf.TensorInfo,
  { filterSize, strides, pad, dimRoundingMode }: Pool3DAttrs,
): number[] {
  const info = tf.backend_util.computePool3DInfo(
    x.shape as [number, number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  return [info.filterDepth, info.filterHeight, info.filterWidth, ...window3d(info)];
}

const maxPoolOp = operation('max_pool');
const maxPoolGradOp = operation('max_pool_grad');
const maxPoolWithArgmaxOp = operation('max_pool_with_argmax');
const avgPoolOp = operation('avg_pool');
const avgPoolGradOp = operation('avg_pool_grad');

function pool2d(op: Operation): Kernel<Inputs<'x'>, Pool2DAttrs> {
  return (backend, { x }, attrs) => {
    const info = info2d(x, attrs);
    return isIdentity(info) ? backend.share(x) : backend.call(op, [x], attributes2d(info));
  };
}

function poolGrad2d(
  backend: TorchBackend,
  op: Operation,
  inputs: readonly [dy: tf.TensorInfo, input: tf.TensorInfo, output?: tf.TensorInfo],
  attrs: Pool2DAttrs,
): tf.TensorInfo {
  const info = info2d(inputs[1], attrs);
  return isIdentity(info) ? backend.share(inputs[0]) : backend.call(op, inputs, attributes2d(info));
}

function pool3d(op: Operation): Kernel<Inputs<'x'>, Pool3DAttrs> {
  return (backend, { x }, attrs) => backend.call(op, [x], attributes3d(x, attrs));
}

const maxPoolGrad: Kernel<Inputs<'dy' | 'input' | 'output'>, tf.MaxPoolGradAttrs> = (
  backend,
  { dy, input, output },
  attrs,
) => poolGrad2d(backend, maxPoolGradOp, [dy, input, output], attrs);

const avgPoolGrad: Kernel<Inputs<'dy' | 'input'>, tf.AvgPoolGradAttrs> = (backend, { dy, input }, attrs) =>
  poolGrad2d(backend, avgPoolGradOp, [dy, input], attrs);

const maxPool3DGrad: Kernel<Inputs<'dy' | 'input' | 'output'>, tf.MaxPool3DGradAttrs> = (
  backend,
  { dy, input, output },
  attrs,
) => backend.call(maxPoolGradOp, [dy, input, output], attributes3d(input, attrs));

const avgPool3DGrad: Kernel<Inputs<'dy' | 'input'>, tf.AvgPool3DGradAttrs> = (
  backend,
  { dy, input },
  attrs,
) => backend.call(avgPoolGradOp, [dy, input], attributes3d(input, attrs));

const maxPoolWithArgmax: Kernel<Inputs<'x'>, tf.MaxPoolWithArgmaxAttrs, tf.TensorInfo[]> = (
  backend,
  { x },
  { includeBatchInIndex, ...attrs },
) =>
  backend.callAll(maxPoolWithArgmaxOp, [x], [Number(includeBatchInIndex), ...attributes2d(info2d(x, attrs))]);

export const poolKernels: KernelTable = {
  AvgPool: pool2d(avgPoolOp),
  AvgPool3D: pool3d(avgPoolOp),
  AvgPool3DGrad: avgPool3DGrad,
  AvgPoolGrad: avgPoolGrad,
  MaxPool: pool2d(maxPoolOp),
  MaxPool3D: pool3d(maxPoolOp),
  MaxPool3DGrad: maxPool3DGrad,
  MaxPoolGrad: maxPoolGrad,
  MaxPoolWithArgmax: maxPoolWithArgmax,
};
