import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';
import { commonGraph, oneNode } from '../graphs.js';

/**
 * ONNX Runtime's direct convolution (domain `com.microsoft.nchwc`), which beats `Conv`'s im2col by half. Its results
 * and filters have the channels in blocks: [.., channels / block, .., block]. Its input may be plain NCHW when it has
 * few channels per group.
 */

const DOMAIN = 'com.microsoft.nchwc';

export interface Window {
  /** Default: that of the filter. */
  kernel_shape?: number[];
  strides: number[];
  dilations: number[];
  /** Top, left, bottom, right. */
  pads: number[];
  group: number;
}

/** What a convolution does with its results before it writes them. */
export interface Epilogue {
  /** One value per channel, as many as the blocks hold. */
  bias?: OrtTensor | undefined;
  relu?: boolean | undefined;
}

export function convolve(
  backend: OrtBackend,
  window: Window,
  x: OrtTensor,
  filter: OrtTensor,
  y: OrtTensor,
  parallel: boolean,
  { bias, relu = false }: Epilogue = {},
): void {
  const names = bias === undefined ? ['x', 'w'] : ['x', 'w', 'bias'];
  const attributes = relu ? { ...window, activation: 'Relu' } : { ...window };
  const conv = backend.sessions.get(`Direct Conv of ${names} ${JSON.stringify(attributes)}`, () =>
    oneNode('Conv', names, attributes, DOMAIN),
  );
  conv(bias === undefined ? { x, w: filter } : { x, w: filter, bias }, { y }, parallel);
}

/** Blocked channels to NHWC; `channels` may be fewer than the blocks hold. */
export function unblock(
  backend: OrtBackend,
  block: number,
  channels: number,
  x: OrtTensor,
  y: OrtTensor,
  parallel: boolean,
): void {
  if (parallel && backend.sessions.threads > 1 && channels % block === 0) {
    // `ReorderOutput` uses one thread, `ReorderInput` all. It does the same when pixels and blocks change names.
    const [batch, , height, width] = x.dims as [number, number, number, number];
    const pixels = height * width * block;
    backend.sessions.get(reorderInput)(
      { x: { ...x, dims: [batch, 1, channels / block, pixels] } },
      { y: { ...y, dims: [batch, pixels, 1, channels / block] } },
      parallel,
    );
    return;
  }
  const reorder = backend.sessions.get(`ReorderOutput ${channels}`, () =>
    oneNode('ReorderOutput', ['x'], { channels, channels_last: 1 }, DOMAIN),
  );
  reorder({ x }, { y }, parallel);
}

const reorderInput = commonGraph(
  'ReorderInput',
  oneNode('ReorderInput', ['x'], { channels_last: 1 }, DOMAIN),
);

export const roundUp = (size: number, multiple: number) => Math.ceil(size / multiple) * multiple;

/** x [groups, rows, columns] to y [groups, columns / block, rows, block], padded with zeros. */
export function blockColumns(
  backend: OrtBackend,
  block: number,
  x: OrtTensor,
  y: Float32Array,
  parallel = false,
): void {
  const [groups, rows, columns] = x.dims as [number, number, number];
  if (columns % block === 0) {
    // That is the order of an image's channels in blocks, where a pixel is a row.
    const run = backend.sessions.get(reorderInput);
    run(
      { x: { ...x, dims: [groups, rows, 1, columns] } },
      { y: { type: 'float32', dims: [groups, columns, rows, 1], data: y } },
      parallel,
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
