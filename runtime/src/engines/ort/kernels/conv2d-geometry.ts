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

/**
 * tfjs's description of a convolution. Its padding at the bottom and on the right is what the output's size asks for,
 * which with a number as padding and an oblong filter is not that number.
 */
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
  const { batchSize, outHeight, outWidth, inChannels, outChannels, filterHeight, filterWidth, padInfo } =
    info;
  const work = batchSize * outHeight * outWidth * inChannels * outChannels * filterHeight * filterWidth;
  if (work < backend.limits.convolution) return undefined;

  const rows = (outHeight - 1) * info.strideHeight + (filterHeight - 1) * info.dilationHeight + 1;
  const columns = (outWidth - 1) * info.strideWidth + (filterWidth - 1) * info.dilationWidth + 1;
  const bottom = rows - info.inHeight - padInfo.top;
  const right = columns - info.inWidth - padInfo.left;
  // More pixels left over at the end than a stride skips: nothing that ONNX has a word for.
  if (bottom <= -info.strideHeight || right <= -info.strideWidth) return undefined;
  const trailing = { bottom: Math.max(0, bottom), right: Math.max(0, right) };
  return { ...info, padInfo: { ...padInfo, ...trailing }, work };
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
