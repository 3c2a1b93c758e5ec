import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';
import { reduction } from '../graphs.js';
import { blockColumns, convolve, roundUp, unblock } from './blocked-channels.js';
import type { Geometry } from './conv2d-geometry.js';
import { sizeOf } from './kernel.js';

/**
 * The gradient of the filter, [height, width, in, out], as a convolution whose input is the batch, images as
 * channels, and whose filter is dy: at offset (row, column · in + channel) the sum over images and pixels is the
 * gradient of that tap. The stride becomes a dilation, and a pixel's channels are columns again.
 */
export function directConvFilterGradient(
  backend: OrtBackend,
  block: number,
  info: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const dw = backend.allocate(info.filterShape);
  const sum = backend.feed(dw, [sizeOf(info.filterShape) / info.outChannels, info.outChannels]);
  const images = reachedPixels(backend, info, x);
  const imageSize = images.dims[2]! * images.dims[3]!;
  const dyValues = backend.float32(dy);
  const dySize = dyValues.length / info.batchSize;
  let first = 0;
  for (const { groups, perGroup } of splitBatch(info.batchSize)) {
    const count = groups * perGroup;
    const some = (values: Float32Array, size: number) =>
      values.subarray(first * size, (first + count) * size);
    const part = first === 0 ? sum : backend.scratch(sum.dims);
    gradientOfSome(
      backend,
      block,
      { ...info, groups, perGroup },
      {
        x: {
          ...images,
          dims: [1, count, ...images.dims.slice(2)],
          data: some(images.data as Float32Array, imageSize),
        },
        dy: some(dyValues, dySize),
        dw: part,
      },
    );
    if (part !== sum) {
      backend.sessions.get('Add')({ a: sum, b: part }, { y: sum });
      backend.release(part);
    }
    first += count;
  }
  if (images.data !== backend.float32(x)) backend.release(images);
  return dw;
}

interface Split {
  /** Convolutions of their own, to be added up. */
  groups: number;
  /** Images that each of them sums over. */
  perGroup: number;
}

/**
 * A batch in parts with 16, 8, 4, 2 or 1 groups: a number of groups is a graph to compile, so there should be few,
 * whatever sizes the batches have.
 */
function splitBatch(images: number): Split[] {
  const parts: Split[] = [];
  let left = images;
  for (let groups = 16; groups >= 1; groups /= 2) {
    for (; left >= groups * PER_GROUP; left -= groups * PER_GROUP)
      parts.push({ groups, perGroup: PER_GROUP });
  }
  if (left > 0) parts.push({ groups: 1, perGroup: left });
  return parts;
}

const PER_GROUP = 4;

interface Some {
  /** [1, images, height, width · in] */
  x: OrtTensor;
  dy: Float32Array;
  /** [taps, out] */
  dw: OrtTensor;
}

function gradientOfSome(
  backend: OrtBackend,
  block: number,
  info: Geometry & Split,
  { x, dy, dw }: Some,
): void {
  const { groups, perGroup, outChannels, outHeight, outWidth, filterHeight } = info;
  const parallel = info.work >= backend.limits.parallelConvolution;
  const padded = roundUp(outChannels, block);
  const filter = backend.scratch([groups * padded, perGroup, outHeight, outWidth]);
  const rows = perGroup * outHeight * outWidth;
  blockColumns(
    backend,
    block,
    { type: 'float32', dims: [groups, rows, outChannels], data: dy },
    filter.data,
    parallel,
  );

  const columns = info.filterWidth * info.inChannels;
  const partial = backend.scratch([1, groups * padded, filterHeight, columns]);
  const window = {
    strides: [1, 1],
    dilations: [info.strideHeight, info.strideWidth * info.inChannels],
    pads: [0, 0, 0, 0],
    group: groups,
  };
  convolve(backend, window, x, filter, partial, parallel);
  const sums = backend.scratch([filterHeight * columns, groups, padded]);
  const unblocked = { ...sums, dims: [1, filterHeight, columns, groups * padded] };
  const unblocksInParallel = parallel && sums.data.length >= backend.limits.parallelElements;
  unblock(backend, block, groups * padded, partial, unblocked, unblocksInParallel);
  sumGroups(backend, sums, outChannels, dw);
  backend.release(filter, partial, sums);
}

/** The sum over the second axis of [taps, groups, columns], of the first columns of each. */
function sumGroups(backend: OrtBackend, x: OrtTensor, columns: number, y: OrtTensor): void {
  const [taps, groups, padded] = x.dims as [number, number, number];
  if (padded === columns) {
    const sum = backend.sessions.get('ReduceSum 1 of 3', () => reduction('ReduceSum', [1]));
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
