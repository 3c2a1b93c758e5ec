import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { Geometry } from './conv2d-geometry.js';

/** A 1 × 1 convolution is a matrix product over all pixels: [pixels, in] · [in, out]. */

export function isPointwise(info: Geometry): boolean {
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const { top, left, bottom, right } = padInfo;
  return filterHeight * filterWidth * strideHeight * strideWidth === 1 && top + left + bottom + right === 0;
}

const pixelsOf = ({ batchSize, outHeight, outWidth }: Geometry) => batchSize * outHeight * outWidth;

export function pointwiseConv(
  backend: OrtBackend,
  info: Geometry,
  x: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const y = backend.allocate(info.outShape);
  const pixels = pixelsOf(info);
  backend.sessions.get('Gemm NN')(
    {
      a: backend.feed(x, [pixels, info.inChannels]),
      b: backend.feed(filter, [info.inChannels, info.outChannels]),
    },
    { y: backend.feed(y, [pixels, info.outChannels]) },
    info.work >= backend.limits.parallelProduct,
  );
  return y;
}

export function pointwiseConvInputGradient(
  backend: OrtBackend,
  info: Geometry,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const dx = backend.allocate(info.inShape);
  const pixels = pixelsOf(info);
  backend.sessions.get('Gemm NT')(
    {
      a: backend.feed(dy, [pixels, info.outChannels]),
      b: backend.feed(filter, [info.inChannels, info.outChannels]),
    },
    { y: backend.feed(dx, [pixels, info.inChannels]) },
    info.work >= backend.limits.parallelProduct,
  );
  return dx;
}

export function pointwiseConvFilterGradient(
  backend: OrtBackend,
  info: Geometry,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const dw = backend.allocate(info.filterShape);
  const pixels = pixelsOf(info);
  backend.sessions.get('Gemm TN')(
    { a: backend.feed(x, [pixels, info.inChannels]), b: backend.feed(dy, [pixels, info.outChannels]) },
    { y: backend.feed(dw, [info.inChannels, info.outChannels]) },
    info.work >= backend.limits.parallelProduct,
  );
  return dw;
}
