import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

type Size = readonly [height: number, width: number];

interface Resizing {
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

function resizing([height, width]: Size, { alignCorners, halfPixelCenters }: Resizing): number[] {
  return [height, width, Number(alignCorners), Number(halfPixelCenters)];
}

function resize(name: string): Kernel<Inputs<'images'>, Resizing & { size: [number, number] }> {
  const op = operation(name);
  return (backend, { images }, attrs) => backend.call(op, [images], resizing(attrs.size, attrs));
}

/** tfjs's `cpu` forgets `halfPixelCenters` here, and for nearest neighbours mixes up the images of a batch. */
function resizeGrad(name: string): Kernel<Inputs<'images' | 'dy'>, Resizing> {
  const op = operation(name);
  return (backend, { images, dy }, attrs) =>
    backend.call(op, [dy], resizing([images.shape[1]!, images.shape[2]!], attrs));
}

const cropAndResizeOp = operation('crop_and_resize');
const cropAndResize: Kernel<Inputs<'image' | 'boxes' | 'boxInd'>, tf.CropAndResizeAttrs> = (
  backend,
  { image, boxes, boxInd },
  { cropSize, method, extrapolationValue },
) =>
  backend.call(
    cropAndResizeOp,
    [image, boxes, boxInd],
    [...cropSize, Number(method === 'nearest')],
    [extrapolationValue],
  );

/** In the order of `FillMode` in `image.cc`. */
const fillModes: readonly tf.TransformAttrs['fillMode'][] = ['constant', 'reflect', 'wrap', 'nearest'];

const transformOp = operation('transform');
const transform: Kernel<Inputs<'image' | 'transforms'>, tf.TransformAttrs> = (
  backend,
  { image, transforms },
  { interpolation, fillMode, fillValue, outputShape },
) => {
  const [height, width] = outputShape ?? [image.shape[1]!, image.shape[2]!];
  const mode = Math.max(fillModes.indexOf(fillMode), 0);
  return backend.call(
    transformOp,
    [image, transforms],
    [height, width, Number(interpolation === 'bilinear'), mode],
    [fillValue],
  );
};

const OPAQUE = 255;

const rotateOp = operation('rotate');
const rotateWithOffset: Kernel<Inputs<'image'>, tf.RotateWithOffsetAttrs> = (
  backend,
  { image },
  { radians, fillValue, center },
) => {
  const [, height = 0, width = 0, channels = 0] = image.shape;
  const [centerX, centerY] = tf.backend_util.getImageCenter(center, height, width);
  const fill = Array.from({ length: channels }, (_, channel) =>
    typeof fillValue === 'number' ? fillValue : channel === 3 ? OPAQUE : (fillValue[channel] ?? 0),
  );
  return backend.call(rotateOp, [image], [], [radians, centerX, centerY, ...fill]);
};

const flipOp = operation('flip');
const flipLeftRight: Kernel<Inputs<'image'>> = (backend, { image }) => backend.call(flipOp, [image], [2]);

interface Suppression {
  maxOutputSize: number;
  iouThreshold: number;
  scoreThreshold: number;
  softNmsSigma?: number;
  padToMaxOutputSize?: boolean;
}

const nonMaxSuppressionOp = operation('non_max_suppression');

function nonMaxSuppression(
  scored: boolean,
  counted: boolean,
): Kernel<Inputs<'boxes' | 'scores'>, Suppression, tf.TensorInfo[]> {
  return (
    backend,
    { boxes, scores },
    { maxOutputSize, iouThreshold, scoreThreshold, softNmsSigma = 0, padToMaxOutputSize = false },
  ) =>
    backend.callAll(
      nonMaxSuppressionOp,
      [boxes, scores],
      [maxOutputSize, Number(padToMaxOutputSize), Number(scored), Number(counted)],
      [iouThreshold, scoreThreshold, softNmsSigma],
    );
}

const nonMaxSuppressionV3: Kernel<Inputs<'boxes' | 'scores'>, tf.NonMaxSuppressionV3Attrs> = (
  backend,
  inputs,
  attrs,
) => nonMaxSuppression(false, false)(backend, inputs, attrs)[0]!;

export const imageKernels: KernelTable = {
  CropAndResize: cropAndResize,
  FlipLeftRight: flipLeftRight,
  NonMaxSuppressionV3: nonMaxSuppressionV3,
  NonMaxSuppressionV4: nonMaxSuppression(false, true),
  NonMaxSuppressionV5: nonMaxSuppression(true, false),
  ResizeBilinear: resize('resize_bilinear'),
  ResizeBilinearGrad: resizeGrad('resize_bilinear_grad'),
  ResizeNearestNeighbor: resize('resize_nearest'),
  ResizeNearestNeighborGrad: resizeGrad('resize_nearest_grad'),
  RotateWithOffset: rotateWithOffset,
  Transform: transform,
};
