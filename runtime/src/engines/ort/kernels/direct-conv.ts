import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';
import { oneNode } from '../graphs.js';
import type { Geometry } from './conv2d-geometry.js';

/**
 * Convolution with ONNX Runtime's direct kernels (its domain `com.microsoft.nchwc`), which beat `Conv`'s im2col by
 * half and can be brought to read tfjs's own layout. Their results and filters have the channels in blocks of
 * `blockSize`, [.., channels / block, .., block]; their input may be plain NCHW when it has few channels per group.
 *
 * The trick is to call things by other names. A row of NHWC pixels, [width, channels], is one channel of a row
 * `width · channels` wide; a window of `filterWidth` pixels is `filterWidth · channels` of its columns, and the
 * stride is `channels` times as long. So the input needs no reordering, and any number of channels will do.
 */

const DOMAIN = 'com.microsoft.nchwc';

interface Window {
  kernel_shape: number[];
  strides: number[];
  dilations: number[];
  /** Top, left, bottom, right. */
  pads: number[];
  group: number;
}

function convolve(
  backend: OrtBackend,
  window: Window,
  x: OrtTensor,
  filter: OrtTensor,
  y: OrtTensor,
  parallel: boolean,
): void {
  const conv = backend.sessions.get(`Direct Conv ${JSON.stringify(window)}`, () =>
    oneNode('Conv', ['x', 'w'], { ...window }, DOMAIN),
  );
  conv({ x, w: filter }, { y }, parallel);
}

/** Blocked channels to NHWC; `channels` may be fewer than the blocks hold. */
function unblock(backend: OrtBackend, channels: number, x: OrtTensor, y: OrtTensor, parallel: boolean): void {
  const reorder = backend.sessions.get(`ReorderOutput ${channels}`, () =>
    oneNode('ReorderOutput', ['x'], { channels, channels_last: 1 }, DOMAIN),
  );
  reorder({ x }, { y }, parallel);
}

const roundUp = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;

/** x [batch, height, width, in] and filter [height, width, in, out] to y [batch, height, width, out]. */
export function directConv(
  backend: OrtBackend,
  block: number,
  info: Geometry,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const blocked = blockedFilter(backend, block, filter, info.outChannels);
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
  });
  backend.release(blocked);
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
}

function rowConv(backend: OrtBackend, block: number, conv: RowConv): TensorInfo {
  const { x, filter, channels, window, strides, pads, outShape, parallel } = conv;
  const [batch, height, width, outChannels] = outShape as [number, number, number, number];
  const blocked = backend.scratch([batch, roundUp(outChannels, block), height, width]);
  const attributes = {
    kernel_shape: [window[0], window[1] * channels],
    strides: [strides[0], strides[1] * channels],
    dilations: [1, 1],
    pads: [pads[0], pads[1] * channels, pads[2], pads[3] * channels],
    group: 1,
  };
  convolve(backend, attributes, x, filter, blocked, parallel);
  const y = backend.allocate(outShape);
  unblock(backend, outChannels, blocked, backend.feed(y), parallel);
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

/** x [groups, rows, columns] to y [groups, columns / block, rows, block], padded with zeros. */
function blockColumns(backend: OrtBackend, block: number, x: OrtTensor, y: Float32Array): void {
  const [groups, rows, columns] = x.dims as [number, number, number];
  if (columns % block === 0) {
    const perm = [0, 2, 1, 3];
    const run = backend.sessions.get(`Transpose ${perm}`, () => oneNode('Transpose', ['x'], { perm }));
    const blocks = columns / block;
    run(
      { x: { ...x, dims: [groups, rows, blocks, block] } },
      { y: { type: 'float32', dims: [groups, blocks, rows, block], data: y } },
    );
    return;
  }
  const values = x.data as Float32Array;
  const padded = roundUp(columns, block);
  y.fill(0);
  for (let group = 0, from = 0; group < groups; group++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const inBlock = column % block;
        y[(group * padded + column - inBlock) * rows + row * block + inBlock] = values[from++]!;
      }
    }
  }
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

/**
 * The gradient of the filter, [height, width, in, out], as a convolution whose input is the batch, images as
 * channels, and whose filter is dy: at offset (row, column · in + channel) the sum over images and pixels is the
 * gradient of that tap. The stride becomes a dilation, and a pixel's channels are columns again. Images are summed
 * in groups, each a convolution of its own, then over the groups.
 */
export function directConvFilterGradient(
  backend: OrtBackend,
  block: number,
  info: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { batchSize, inChannels, outChannels, filterHeight, filterWidth, outHeight, outWidth } = info;
  const parallel = info.work >= backend.limits.parallelConvolution;
  const perGroup = [4, 2, 1].find((size) => batchSize % size === 0)!;
  const groups = batchSize / perGroup;
  const padded = roundUp(outChannels, block);

  const input = reachedPixels(backend, info, x);
  const [height, width] = input.dims.slice(2) as [number, number];
  const filter = backend.scratch([groups * padded, perGroup, outHeight, outWidth]);
  const rows = perGroup * outHeight * outWidth;
  blockColumns(backend, block, backend.feed(dy, [groups, rows, outChannels]), filter.data);

  const taps = filterWidth * inChannels;
  const partial = backend.scratch([1, groups * padded, filterHeight, taps]);
  const window = {
    kernel_shape: [outHeight, outWidth],
    strides: [1, 1],
    dilations: [info.strideHeight, info.strideWidth * inChannels],
    pads: [0, 0, 0, 0],
    group: groups,
  };
  convolve(backend, window, { ...input, dims: [1, batchSize, height, width] }, filter, partial, parallel);
  const sums = backend.scratch([filterHeight * taps, groups, padded]);
  const unblocked = { ...sums, dims: [1, filterHeight, taps, groups * padded] };
  unblock(backend, groups * padded, partial, unblocked, parallel);

  const dw = backend.allocate(info.filterShape);
  sumGroups(backend, sums, outChannels, backend.feed(dw));
  backend.release(filter, partial, sums);
  if (input.data !== backend.float32(x)) backend.release(input);
  return dw;
}

/** The sum over the second axis of [taps, groups, columns], of the first columns of each. */
function sumGroups(backend: OrtBackend, x: OrtTensor, columns: number, y: OrtTensor): void {
  const [taps, groups, padded] = x.dims as [number, number, number];
  if (padded === columns) {
    const sum = backend.sessions.get('ReduceSum 1 of 3');
    sum({ x }, { y: { ...y, dims: [taps, columns] } });
    return;
  }
  const values = x.data as Float32Array;
  const total = y.data as Float32Array;
  for (let tap = 0; tap < taps; tap++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let group = 0; group < groups; group++) sum += values[(tap * groups + group) * padded + column]!;
      total[tap * columns + column] = sum;
    }
  }
}

/** x with its padding written out and without the pixels that no window reaches: [batch, 1, rows, columns · in]. */
function reachedPixels(backend: OrtBackend, info: Geometry, x: TensorInfo): OrtTensor {
  const { batchSize, inHeight, inWidth, inChannels, padInfo } = info;
  const height = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
  const width = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
  const dims = [batchSize, 1, height, width * inChannels];
  if (height === inHeight && width === inWidth && padInfo.top === 0 && padInfo.left === 0) {
    return backend.feed(x, dims);
  }
  const reached = backend.scratch(dims);
  const values = backend.float32(x);
  const y = reached.data.fill(0);
  const length = Math.min(inWidth, width - padInfo.left) * inChannels;
  const rows = Math.min(inHeight, height - padInfo.top);
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < rows; row++) {
      const from = (image * inHeight + row) * inWidth * inChannels;
      const to = ((image * height + padInfo.top + row) * width + padInfo.left) * inChannels;
      y.set(values.subarray(from, from + length), to);
    }
  }
  return reached;
}

/**
 * The number of channels that the direct kernels put into a block on this processor, or `undefined` where they do
 * not exist or give another result than a convolution by hand.
 */
export function detectBlockSize(backend: OrtBackend): number | undefined {
  return [16, 8].find((block) => {
    try {
      const x = Float32Array.of(1, 2, 3);
      const filter = Float32Array.from({ length: 2 * 2 * block }, (_, i) => i + 1);
      const y = new Float32Array(2 * 2 * block);
      const window = {
        kernel_shape: [1, 2],
        strides: [1, 1],
        dilations: [1, 1],
        pads: [0, 0, 0, 0],
        group: 1,
      };
      const tensor = (dims: number[], data: Float32Array) => ({ type: 'float32', dims, data }) as const;
      const filterTensor = tensor([2 * block, 1, 1, 2], filter);
      convolve(
        backend,
        window,
        tensor([1, 1, 1, 3], x),
        filterTensor,
        tensor([1, 2 * block, 1, 2], y),
        false,
      );
      return y.every((value, i) => {
        const [outer, column, inner] = [Math.floor(i / (2 * block)), Math.floor(i / block) % 2, i % block];
        const tap = (t: number) => filter[(outer * 2 + t) * block + inner]!;
        return value === x[column]! * tap(0) + x[column + 1]! * tap(1);
      });
    } catch {
      return false;
    }
  });
}
