import { backend_util, engine, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { reduction } from '../graphs.js';
import { type HotKernel, isFloat, sizeOf } from './kernel.js';
import { PairsGradientPlan } from './max-pool-pairs.js';

type Pool2D = backend_util.Conv2DInfo;

interface PoolAttrs {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: Parameters<typeof backend_util.computePool2DInfo>[4];
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

export const maxPool: HotKernel<{ x: TensorInfo }, PoolAttrs> = ({ inputs: { x }, attrs, backend }) => {
  const info = poolInfo(backend, x, attrs);
  if (info === undefined) return undefined;
  if (isTiling(info)) return reduceTiles(backend, 'ReduceMax', info, x);
  const y = backend.allocate(info.outShape);
  const positions = poolMaxima(backend, x, info, backend.float32(y));
  if (engine().state.gradientDepth > 0) maxima.set(y.dataId, positions);
  return y;
};

/** For each value of a max pool's output, where in its input it came from (-1: nowhere). */
const maxima = new WeakMap<TensorInfo['dataId'], Int32Array>();

interface MaxPoolGradInputs {
  dy: TensorInfo;
  input: TensorInfo;
  output: TensorInfo;
}

/** Each value of `dy` goes to the first maximum of its window. */
export const maxPoolGrad: HotKernel<MaxPoolGradInputs, PoolAttrs> = ({
  inputs: { dy, input: x, output },
  attrs,
  backend,
}) => {
  const info = poolInfo(backend, x, attrs);
  if (info === undefined || !isFloat(dy)) return undefined;
  if (isTiling(info) && info.filterHeight === 2 && info.filterWidth === 2)
    return backend.defer(x.shape, new PairsGradientPlan(backend, x, dy));
  const positions =
    maxima.get(output.dataId) ?? poolMaxima(backend, x, info, new Float32Array(sizeOf(dy.shape)));
  const dx = backend.allocate(x.shape);
  const gradient = backend.float32(dx).fill(0);
  const values = backend.float32(dy);
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    if (position >= 0) gradient[position]! += values[i]!;
  }
  return dx;
};

/** Whether the windows lie side by side and cover the whole input. */
function isTiling({
  filterHeight,
  filterWidth,
  strideHeight,
  strideWidth,
  inHeight,
  inWidth,
  padInfo,
}: Pool2D): boolean {
  return (
    filterHeight === strideHeight &&
    filterWidth === strideWidth &&
    inHeight % filterHeight === 0 &&
    inWidth % filterWidth === 0 &&
    padInfo.top + padInfo.bottom + padInfo.left + padInfo.right === 0
  );
}

/** Windows side by side: the columns of each, then the rows, are an axis of their own to reduce. */
function reduceTiles(
  backend: OrtBackend,
  op: 'ReduceMax' | 'ReduceMean',
  info: Pool2D,
  x: TensorInfo,
): TensorInfo {
  const { batchSize, inHeight, outHeight, outWidth, inChannels, filterHeight, filterWidth } = info;
  const run = backend.sessions.get(`${op} 1 of 3`, () => reduction(op, [1]));
  const parallel = sizeOf(x.shape) >= backend.limits.parallelElements;
  const y = backend.allocate(info.outShape);
  const columns = batchSize * inHeight * outWidth;
  const perColumn = backend.scratch([columns, inChannels]);
  run({ x: backend.feed(x, [columns, filterWidth, inChannels]) }, { y: perColumn }, parallel);
  const rows = [batchSize * outHeight, filterHeight, outWidth * inChannels];
  run({ x: { ...perColumn, dims: rows } }, { y: backend.feed(y, [rows[0]!, rows[2]!]) }, parallel);
  backend.release(perColumn);
  return y;
}

/** Rank 4, NHWC; `undefined` when `cpu` is to answer. */
function poolInfo(
  backend: OrtBackend,
  x: TensorInfo,
  { filterSize, strides, pad, dimRoundingMode }: PoolAttrs,
): Pool2D | undefined {
  if (x.dtype !== 'float32' || sizeOf(x.shape) < backend.limits.elements) return undefined;
  const shape = x.shape as [number, number, number, number];
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  return info.filterHeight * info.filterWidth === 1 ? undefined : info;
}

/** Writes the maximum of every window to `y`, returns where each was found. Ignores NaN, as `cpu` does. */
function poolMaxima(backend: OrtBackend, input: TensorInfo, info: Pool2D, y: Float32Array): Int32Array {
  const x = backend.float32(input);
  const channels = info.inChannels;
  const positions = new Int32Array(y.length).fill(-1);
  y.fill(Number.NEGATIVE_INFINITY);
  forEachTap(info, (source, target) => {
    for (let c = 0; c < channels; c++) {
      const value = x[source + c]!;
      if (value > y[target + c]!) {
        y[target + c] = value;
        positions[target + c] = source + c;
      }
    }
  });
  return positions;
}

export const avgPool: HotKernel<{ x: TensorInfo }, PoolAttrs> = ({ inputs: { x }, attrs, backend }) => {
  const info = poolInfo(backend, x, attrs);
  if (info === undefined) return undefined;
  if (isTiling(info)) return reduceTiles(backend, 'ReduceMean', info, x);
  const result = backend.allocate(info.outShape);
  const values = backend.float32(x);
  const y = backend.float32(result).fill(0);
  const channels = info.inChannels;
  const counts = new Int32Array(y.length / channels);
  forEachTap(info, (source, target) => {
    counts[target / channels]!++;
    for (let c = 0; c < channels; c++) y[target + c]! += values[source + c]!;
  });
  for (let pixel = 0, i = 0; pixel < counts.length; pixel++) {
    const count = counts[pixel]!;
    for (const end = i + channels; i < end; i++) y[i]! /= count;
  }
  return result;
};

/** Every value of a window gets an equal share; padding gets one too, as on tfjs's other backends. */
export const avgPoolGrad: HotKernel<{ dy: TensorInfo; input: TensorInfo }, PoolAttrs> = ({
  inputs: { dy, input },
  attrs,
  backend,
}) => {
  const info = poolInfo(backend, input, attrs);
  if (info === undefined || !isFloat(dy)) return undefined;
  const result = backend.allocate(input.shape);
  const values = backend.float32(dy);
  const dx = backend.float32(result).fill(0);
  const share = 1 / (info.filterHeight * info.filterWidth);
  const channels = info.inChannels;
  forEachTap(info, (source, target) => {
    for (let c = 0; c < channels; c++) dx[source + c]! += values[target + c]! * share;
  });
  return result;
};

/**
 * Visits every pair of an output pixel and an input pixel inside its window, window by window in reading order;
 * the offsets are those of the first channel.
 */
function forEachTap(info: Pool2D, visit: (source: number, target: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, padInfo } = info;
  let target = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * info.strideHeight - padInfo.top;
      for (let ox = 0; ox < outWidth; ox++, target += inChannels) {
        const left = ox * info.strideWidth - padInfo.left;
        for (let iy = Math.max(0, top); iy < Math.min(inHeight, top + info.filterHeight); iy++) {
          const row = (image * inHeight + iy) * inWidth;
          for (let ix = Math.max(0, left); ix < Math.min(inWidth, left + info.filterWidth); ix++) {
            visit((row + ix) * inChannels, target);
          }
        }
      }
    }
  }
}
