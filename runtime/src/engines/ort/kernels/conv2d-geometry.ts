import { backend_util } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';

type Size4D = [number, number, number, number];

export interface Conv2DAttrs {
  strides: [number, number] | number;
  pad: Parameters<typeof backend_util.computeConv2DInfo>[4];
  dataFormat: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

export type Geometry = backend_util.Conv2DInfo & {
  /** Multiplications of the convolution and of each of its gradients. */
  work: number;
};

/** The convolution's sizes when ONNX Runtime is to compute it, else `undefined`. Shapes are NHWC and HWIO. */
export function geometryOf(
  backend: OrtBackend,
  xShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dilations = 1, dimRoundingMode }: Conv2DAttrs,
): Geometry | undefined {
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
  return work < backend.limits.convolution ? undefined : { ...info, work };
}

/** The attributes that ONNX's `Conv` and `ConvTranspose` share. */
export function convAttributes(info: Geometry) {
  const { top, left, bottom, right } = info.padInfo;
  return {
    kernel_shape: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    pads: [top, left, bottom, right],
  };
}
