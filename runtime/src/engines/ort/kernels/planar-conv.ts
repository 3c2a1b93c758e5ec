import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { oneNode } from '../graphs.js';
import { convAttributes, type Geometry } from './conv2d-geometry.js';
import { transpose } from './layout.js';

/**
 * Convolution with ONNX's own operators, which want planes of channels (NCHW): the way for everything that
 * `direct-conv.ts` cannot do, and for processors that it does not work on.
 */

export function planarConv(
  backend: OrtBackend,
  info: Geometry,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const attributes = convAttributes(info);
  const conv = backend.sessions.get(`Conv ${JSON.stringify(attributes)}`, () =>
    oneNode('Conv', ['x', 'w'], attributes),
  );
  const feeds = {
    x: transpose(backend, 'nhwcToNchw', backend.feed(x)),
    w: transpose(backend, 'hwioToOihw', backend.feed(filter)),
  };
  const planes = backend.scratch([info.batchSize, info.outChannels, info.outHeight, info.outWidth]);
  conv(feeds, { y: planes }, info.work >= backend.limits.parallelConvolution);

  const y = backend.allocate(info.outShape);
  transpose(backend, 'nchwToNhwc', planes, backend.feed(y));
  backend.release(feeds.x, feeds.w, planes);
  return y;
}

/** The transposed convolution of dy; `undefined` for a geometry that ONNX's operator cannot express. */
export function planarConvInputGradient(
  backend: OrtBackend,
  info: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo | undefined {
  const shared = convAttributes(info);
  const covered = [info.outHeight, info.outWidth].map(
    (size, i) =>
      shared.strides[i]! * (size - 1) + shared.kernel_shape[i]! - shared.pads[i]! - shared.pads[i + 2]!,
  );
  // Rows and columns at the end that no window reaches.
  const output_padding = [info.inHeight - covered[0]!, info.inWidth - covered[1]!];
  if (output_padding.some((size, i) => size < 0 || size >= shared.strides[i]!)) return undefined;

  const attributes = { ...shared, output_padding };
  const convTranspose = backend.sessions.get(`ConvTranspose ${JSON.stringify(attributes)}`, () =>
    oneNode('ConvTranspose', ['x', 'w'], attributes),
  );
  const planes = backend.scratch([info.batchSize, info.inChannels, info.inHeight, info.inWidth]);
  const feeds = {
    x: transpose(backend, 'nhwcToNchw', backend.feed(dy)),
    w: transpose(backend, 'hwioToOihw', backend.feed(filter)),
  };
  convTranspose(feeds, { y: planes }, info.work >= backend.limits.parallelConvolution);
  const dx = backend.allocate(info.inShape);
  transpose(backend, 'nchwToNhwc', planes, backend.feed(dx));
  backend.release(feeds.x, feeds.w, planes);
  return dx;
}

/** Values per block of windows: small enough for the block to stay in a core's cache until it is multiplied. */
const BLOCK = 1 << 18;

/**
 * The gradient of the filter: every window of `x` as a row (im2col), transposed, times `dy`. The product is summed
 * over blocks of whole images.
 */
export function planarConvFilterGradient(
  backend: OrtBackend,
  info: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const dw = backend.allocate(info.filterShape);
  backend.float32(dw).fill(0);
  const windowSize = info.filterHeight * info.filterWidth * info.inChannels;
  const windowsPerImage = info.outHeight * info.outWidth;
  const images = Math.min(info.batchSize, Math.max(1, Math.floor(BLOCK / (windowSize * windowsPerImage))));
  const scratch = backend.scratch([images * windowsPerImage * windowSize]);
  const windows = scratch.data;
  const y = backend.feed(dw, [windowSize, info.outChannels]);
  const dyValues = backend.float32(dy);
  const dyImage = windowsPerImage * info.outChannels;
  const multiplyAdd = backend.sessions.get('Gemm TN +');
  for (let image = 0; image < info.batchSize; image += images) {
    const count = Math.min(images, info.batchSize - image);
    unfold(backend.float32(x), info, image, count, windows);
    const rows = count * windowsPerImage;
    const a = { type: y.type, dims: [rows, windowSize], data: windows.subarray(0, rows * windowSize) };
    const block = dyValues.subarray(image * dyImage, (image + count) * dyImage);
    multiplyAdd(
      { a, b: { type: y.type, dims: [rows, info.outChannels], data: block }, c: y },
      { y },
      rows * windowSize * info.outChannels >= backend.limits.parallelProduct,
    );
  }
  backend.release(scratch);
  return dw;
}

/** Writes the windows of `count` images, row by row: [count · outHeight · outWidth, filterHeight · filterWidth · inChannels]. */
function unfold(
  x: Float32Array,
  info: Geometry,
  firstImage: number,
  count: number,
  windows: Float32Array,
): void {
  const { inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth } = info;
  const { strideHeight, strideWidth, padInfo } = info;
  let target = 0;
  for (let image = firstImage; image < firstImage + count; image++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padInfo.left;
        for (let fy = 0; fy < filterHeight; fy++) {
          const iy = oy * strideHeight - padInfo.top + fy;
          const inside = iy >= 0 && iy < inHeight;
          const row = (image * inHeight + iy) * inWidth;
          for (let fx = 0; fx < filterWidth; fx++) {
            const ix = left + fx;
            const end = target + inChannels;
            if (inside && ix >= 0 && ix < inWidth) {
              for (let source = (row + ix) * inChannels; target < end; ) windows[target++] = x[source++]!;
            } else {
              while (target < end) windows[target++] = 0;
            }
          }
        }
      }
    }
  }
}
