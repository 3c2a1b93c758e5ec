import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';
import { blockColumns, convolve, type Epilogue, roundUp, unblock } from './blocked-channels.js';
import type { Geometry } from './conv2d-geometry.js';

/**
 * Brings ONNX Runtime's direct convolution to read tfjs's own layout, by calling things by other names. A row of NHWC
 * pixels, [width, channels], is one channel of a row `width · channels` wide; a window of `filterWidth` pixels is
 * `filterWidth · channels` of its columns, and the stride is `channels` times as long. So the input needs no
 * reordering, and any number of channels will do.
 */

/** x [batch, height, width, in] and filter [height, width, in, out] to y [batch, height, width, out]. */
export function directConv(
  backend: OrtBackend,
  block: number,
  info: Geometry,
  x: TensorInfo,
  filter: TensorInfo,
  { bias, relu }: { bias?: TensorInfo | undefined; relu?: boolean | undefined } = {},
): TensorInfo {
  const blocked = blockedFilter(backend, block, filter, info.outChannels);
  const paddedBias = bias && blockedBias(backend, block, bias);
  const { top, left, bottom, right } = info.padInfo;
  const y = rowConv(backend, block, {
    x: backend.feed(x, [info.batchSize, 1, info.inHeight, info.inWidth * info.inChannels]),
    filter: blocked,
    channels: info.inChannels,
    window: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    pads: [top, left, bottom, right],
    outShape: info.outShape,
    parallel: info.work >= backend.limits.parallelConvolution,
    epilogue: { bias: paddedBias, relu },
  });
  backend.release(blocked, ...(paddedBias ? [paddedBias] : []));
  return y;
}

/** Whether {@link directConvInputGradient} can do it: it has no way to skip between pixels of `dy`. */
export function hasDirectInputGradient({
  strideHeight,
  strideWidth,
  filterHeight,
  filterWidth,
  padInfo,
}: Geometry) {
  return strideHeight === 1 && strideWidth === 1 && padInfo.top < filterHeight && padInfo.left < filterWidth;
}

/** The convolution of dy [batch, height, width, out] with the filter turned by 180°, stride 1. */
export function directConvInputGradient(
  backend: OrtBackend,
  block: number,
  info: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const turned = turnedFilter(backend, block, filter, info);
  const top = info.filterHeight - 1 - info.padInfo.top;
  const left = info.filterWidth - 1 - info.padInfo.left;
  const dx = rowConv(backend, block, {
    x: backend.feed(dy, [info.batchSize, 1, info.outHeight, info.outWidth * info.outChannels]),
    filter: turned,
    channels: info.outChannels,
    window: [info.filterHeight, info.filterWidth],
    strides: [1, 1],
    pads: [
      top,
      left,
      info.inHeight + info.filterHeight - 1 - info.outHeight - top,
      info.inWidth + info.filterWidth - 1 - info.outWidth - left,
    ],
    outShape: info.inShape,
    parallel: info.work >= backend.limits.parallelConvolution,
  });
  backend.release(turned);
  return dx;
}

interface RowConv {
  /** [batch, 1, height, width · channels] */
  x: OrtTensor;
  filter: OrtTensor;
  channels: number;
  window: [number, number];
  strides: [number, number];
  pads: [number, number, number, number];
  /** NHWC */
  outShape: number[];
  parallel: boolean;
  epilogue?: Epilogue;
}

function rowConv(backend: OrtBackend, block: number, conv: RowConv): TensorInfo {
  const { x, filter, channels, window, strides, pads, outShape, parallel, epilogue } = conv;
  const [batch, height, width, outChannels] = outShape as [number, number, number, number];
  const blocked = backend.scratch([batch, roundUp(outChannels, block), height, width]);
  const attributes = {
    kernel_shape: [window[0], window[1] * channels],
    strides: [strides[0], strides[1] * channels],
    dilations: [1, 1],
    pads: [pads[0], pads[1] * channels, pads[2], pads[3] * channels],
    group: 1,
  };
  convolve(backend, attributes, x, filter, blocked, parallel, epilogue);
  const y = backend.allocate(outShape);
  unblock(backend, block, outChannels, blocked, backend.feed(y), parallel);
  backend.release(blocked);
  return y;
}

/** [height, width, in, out] to [out / block, height · width · in, block], padded with zeros. */
function blockedFilter(backend: OrtBackend, block: number, filter: TensorInfo, outChannels: number) {
  const [height, width, inChannels] = filter.shape as [number, number, number];
  const taps = height * width * inChannels;
  const blocked = backend.scratch([roundUp(outChannels, block), 1, height, width * inChannels]);
  blockColumns(backend, block, backend.feed(filter, [1, taps, outChannels]), blocked.data);
  return blocked;
}

/** [out], padded with zeros. */
function blockedBias(backend: OrtBackend, block: number, bias: TensorInfo) {
  const values = backend.float32(bias);
  const blocked = backend.scratch([roundUp(values.length, block)]);
  blocked.data.fill(0).set(values);
  return blocked;
}

/** [height, width, in, out] to [in / block, height · width (from the end) · out, block], padded with zeros. */
function turnedFilter(backend: OrtBackend, block: number, filter: TensorInfo, info: Geometry) {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const padded = roundUp(inChannels, block);
  const turned = backend.scratch([padded, 1, filterHeight, filterWidth * outChannels]);
  const y = turned.data;
  if (padded !== inChannels) y.fill(0);
  const values = backend.float32(filter);
  const positions = filterHeight * filterWidth;
  const rows = positions * outChannels;
  for (let position = positions - 1, from = 0; position >= 0; position--) {
    for (let channel = 0; channel < inChannels; channel++) {
      const inBlock = channel % block;
      let to = (channel - inBlock) * rows + position * outChannels * block + inBlock;
      for (const end = from + outChannels; from < end; to += block) y[to] = values[from++]!;
    }
  }
  return turned;
}
