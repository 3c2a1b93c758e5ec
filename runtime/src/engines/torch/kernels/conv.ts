import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { activationCode } from './activation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';
import { window2d, window3d } from './window.js';

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

/** What the kernels' attributes have in common. */
interface Conv2DGeometry {
  strides: [number, number] | number;
  pad: tf.Conv2DAttrs['pad'];
  dataFormat?: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Conv3DGeometry {
  strides: [number, number, number] | number;
  pad: 'valid' | 'same';
  dataFormat?: 'NDHWC' | 'NCDHW';
  dilations?: [number, number, number] | number;
}

type FusedInputs = Inputs<'x' | 'filter'> & Partial<Inputs<'bias' | 'preluActivationWeights'>>;

/** `{channelsFirst, depthwise, ...window}` */
function layout2d(
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dataFormat = 'NHWC', dilations, dimRoundingMode }: Conv2DGeometry,
  depthwise: boolean,
): number[] {
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
    dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast',
  );
  return [Number(dataFormat === 'NCHW'), Number(depthwise), ...window2d(info)];
}

function layout3d(
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dataFormat = 'NDHWC', dilations = 1 }: Conv3DGeometry,
): number[] {
  const channelsFirst = dataFormat === 'NCDHW';
  const info = tf.backend_util.computeConv3DInfo(
    inputShape as Shape5D,
    filterShape as Shape5D,
    strides,
    dilations,
    pad,
    false,
    channelsFirst ? 'channelsFirst' : 'channelsLast',
  );
  return [Number(channelsFirst), 0, ...window3d(info)];
}

const convOp = operation('conv');
const gradInputOp = operation('conv_grad_input');
const gradFilterOp = operation('conv_grad_filter');

function forward2d(depthwise: boolean): Kernel<Inputs<'x' | 'filter'>, Conv2DGeometry> {
  return (backend, { x, filter }, attrs) =>
    backend.call(convOp, [x, filter], [0, ...layout2d(x.shape, filter.shape, attrs, depthwise)], [0]);
}

function fused2d(
  depthwise: boolean,
): Kernel<FusedInputs, Conv2DGeometry & Pick<tf.FusedConv2DAttrs, 'activation' | 'leakyreluAlpha'>> {
  return (backend, { x, filter, bias, preluActivationWeights }, attrs) =>
    backend.call(
      convOp,
      [x, filter, bias, preluActivationWeights],
      [activationCode(attrs.activation), ...layout2d(x.shape, filter.shape, attrs, depthwise)],
      [attrs.leakyreluAlpha ?? 0],
    );
}

function gradInput2d(
  depthwise: boolean,
): Kernel<Inputs<'dy' | 'filter'>, Conv2DGeometry & { inputShape: Shape4D }> {
  return (backend, { dy, filter }, attrs) => {
    const layout = layout2d(attrs.inputShape, filter.shape, attrs, depthwise);
    return backend.call(gradInputOp, [dy, filter], [...layout, ...attrs.inputShape]);
  };
}

function gradFilter2d(
  depthwise: boolean,
): Kernel<Inputs<'x' | 'dy'>, Conv2DGeometry & { filterShape: Shape4D }> {
  return (backend, { x, dy }, attrs) => {
    const layout = layout2d(x.shape, attrs.filterShape, attrs, depthwise);
    return backend.call(gradFilterOp, [x, dy], [...layout, ...attrs.filterShape]);
  };
}

const conv3D: Kernel<Inputs<'x' | 'filter'>, tf.Conv3DAttrs> = (backend, { x, filter }, attrs) =>
  backend.call(convOp, [x, filter], [0, ...layout3d(x.shape, filter.shape, attrs)], [0]);

const conv3DBackpropInput: Kernel<Inputs<'dy' | 'filter'>, tf.Conv3DBackpropInputV2Attrs> = (
  backend,
  { dy, filter },
  attrs,
) => {
  const layout = layout3d(attrs.inputShape, filter.shape, attrs);
  return backend.call(gradInputOp, [dy, filter], [...layout, ...attrs.inputShape]);
};

const conv3DBackpropFilter: Kernel<Inputs<'x' | 'dy'>, tf.Conv3DBackpropFilterV2Attrs> = (
  backend,
  { x, dy },
  attrs,
) => {
  const layout = layout3d(x.shape, attrs.filterShape, attrs);
  return backend.call(gradFilterOp, [x, dy], [...layout, ...attrs.filterShape]);
};

export const convKernels: KernelTable = {
  Conv2D: forward2d(false),
  Conv2DBackpropFilter: gradFilter2d(false),
  Conv2DBackpropInput: gradInput2d(false),
  Conv3D: conv3D,
  Conv3DBackpropFilterV2: conv3DBackpropFilter,
  Conv3DBackpropInputV2: conv3DBackpropInput,
  DepthwiseConv2dNative: forward2d(true),
  DepthwiseConv2dNativeBackpropFilter: gradFilter2d(true),
  DepthwiseConv2dNativeBackpropInput: gradInput2d(true),
  FusedConv2D: fused2d(false),
  FusedDepthwiseConv2D: fused2d(true),
};
