import { backend_util, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { oneNode } from '../sessions.js';
import { type ActivationAttrs, activate } from './activation.js';
import { type HotKernel, isFloat } from './kernel.js';
import { transpose } from './layout.js';

type Size4D = [number, number, number, number];
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

export interface Conv2DAttrs {
  strides: [number, number] | number;
  pad: Padding;
  dataFormat: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** The convolution's geometry when ONNX Runtime is to compute it, else `undefined`. Shapes are NHWC and HWIO. */
export function hotConvInfo(
  backend: OrtBackend,
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dilations = 1, dimRoundingMode }: Conv2DAttrs,
): backend_util.Conv2DInfo | undefined {
  if (dataFormat !== 'NHWC' || dimRoundingMode === 'ceil') return undefined;
  const info = backend_util.computeConv2DInfo(
    xShape as Size4D,
    filterShape as Size4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
  );
  const { batchSize, outHeight, outWidth, inChannels, outChannels, filterHeight, filterWidth } = info;
  const work = batchSize * outHeight * outWidth * inChannels * outChannels * filterHeight * filterWidth;
  return work < backend.limits.convolution ? undefined : info;
}

/** The attributes that ONNX's `Conv` and `ConvTranspose` share. */
export function convAttributes(info: backend_util.Conv2DInfo) {
  const { top, left, bottom, right } = info.padInfo;
  return {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [top, left, bottom, right],
  };
}

export const conv2D: HotKernel<{ x: TensorInfo; filter: TensorInfo }, Conv2DAttrs> = ({
  inputs: { x, filter },
  attrs,
  backend,
}) => convolve(backend, x, filter, attrs);

interface FusedInputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Convolution, plus a bias of one value per channel, then an activation. Other biases are left to `cpu`. */
export const fusedConv2D: HotKernel<FusedInputs, Conv2DAttrs & ActivationAttrs> = ({
  inputs: { x, filter, bias, preluActivationWeights },
  attrs,
  backend,
}) => {
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== filter.shape[3])) return undefined;
  const y = convolve(backend, x, filter, attrs, bias);
  return y && activate(backend, y, attrs, preluActivationWeights);
};

function convolve(
  backend: OrtBackend,
  x: TensorInfo,
  filter: TensorInfo,
  attrs: Conv2DAttrs,
  bias?: TensorInfo,
): TensorInfo | undefined {
  if (!isFloat(x, filter, bias)) return undefined;
  const info = hotConvInfo(backend, x.shape, filter.shape, attrs);
  if (info === undefined) return undefined;

  const attributes = convAttributes(info);
  const conv = backend.sessions.get(`Conv ${bias ? '+' : ''} ${JSON.stringify(attributes)}`, () => ({
    ...oneNode('Conv', bias ? ['x', 'w', 'b'] : ['x', 'w'], attributes),
    parallel: true,
  }));
  const feeds = {
    x: transpose(backend, 'nhwcToNchw', backend.feed(x)),
    w: transpose(backend, 'hwioToOihw', backend.feed(filter)),
  };
  const nchw = backend.scratch([info.batchSize, info.outChannels, info.outHeight, info.outWidth]);
  conv(bias ? { ...feeds, b: backend.feed(bias) } : feeds, { y: nchw });

  const y = backend.allocate(info.outShape);
  transpose(backend, 'nchwToNhwc', nchw, backend.feed(y));
  backend.release(feeds.x, feeds.w, nchw);
  return y;
}
