import { engine, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { type ActivationAttrs, activate } from './activation.js';
import { ConvPlan } from './conv-epilogue.js';
import { type Conv2DAttrs, type Geometry, geometryOf } from './conv2d-geometry.js';
import { directConv, directConvInputGradient, hasDirectInputGradient } from './direct-conv.js';
import { directConvFilterGradient } from './direct-conv-filter-gradient.js';
import { addBias } from './elementwise.js';
import { type HotKernel, isFloat, sameShape } from './kernel.js';
import { planarConv, planarConvFilterGradient, planarConvInputGradient } from './planar-conv.js';
import {
  isPointwise,
  pointwiseConv,
  pointwiseConvFilterGradient,
  pointwiseConvInputGradient,
} from './pointwise-conv.js';

export const conv2D: HotKernel<{ x: TensorInfo; filter: TensorInfo }, Conv2DAttrs> = ({
  inputs: { x, filter },
  attrs,
  backend,
}) => {
  if (!isFloat(x, filter)) return undefined;
  const info = geometryOf(backend, x.shape, filter.shape, attrs);
  if (info === undefined) return undefined;
  const block = directBlock(backend, info);
  if (block === undefined) return indirectConv(backend, info, x, filter);
  // In training the intermediate results live until the backward pass, which does not look at them.
  const isTraining = engine().state.gradientDepth > 0;
  return isTraining
    ? backend.defer(info.outShape, new ConvPlan(backend, block, info, x, filter))
    : directConv(backend, block, info, x, filter);
};

interface FusedInputs {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Convolution, plus a bias of one value per channel, then an activation. Other biases are left to `cpu`. */
export const fusedConv2D: HotKernel<FusedInputs, Conv2DAttrs & ActivationAttrs> = ({
  inputs: { x, filter, bias, preluActivationWeights },
  attrs,
  backend,
}) => {
  if (!isFloat(x, filter, bias) || (bias && (bias.shape.length !== 1 || bias.shape[0] !== filter.shape[3])))
    return undefined;
  const info = geometryOf(backend, x.shape, filter.shape, attrs);
  if (info === undefined) return undefined;
  const block = directBlock(backend, info);
  if (block !== undefined) {
    const relu = attrs.activation === 'relu';
    const y = directConv(backend, block, info, x, filter, { bias, relu });
    return relu ? y : activate(backend, y, attrs, preluActivationWeights);
  }
  const y = indirectConv(backend, info, x, filter);
  if (bias !== undefined) addBias(backend, y, bias);
  return activate(backend, y, attrs, preluActivationWeights);
};

function directBlock(backend: OrtBackend, info: Geometry): number | undefined {
  return isDense(info) && !isPointwise(info) ? backend.directBlock : undefined;
}

function indirectConv(backend: OrtBackend, info: Geometry, x: TensorInfo, filter: TensorInfo): TensorInfo {
  return isPointwise(info) ? pointwiseConv(backend, info, x, filter) : planarConv(backend, info, x, filter);
}

interface InputGradientAttrs extends Conv2DAttrs {
  inputShape: number[];
}

export const conv2DBackpropInput: HotKernel<{ dy: TensorInfo; filter: TensorInfo }, InputGradientAttrs> = ({
  inputs: { dy, filter },
  attrs,
  backend,
}) => {
  const info = isFloat(dy, filter)
    ? gradientGeometry(backend, dy, attrs.inputShape, filter.shape, attrs)
    : undefined;
  if (info === undefined) return undefined;
  if (isPointwise(info)) return pointwiseConvInputGradient(backend, info, dy, filter);
  const block = hasDirectInputGradient(info) ? backend.directBlock : undefined;
  return block
    ? directConvInputGradient(backend, block, info, dy, filter)
    : planarConvInputGradient(backend, info, dy, filter);
};

interface FilterGradientAttrs extends Conv2DAttrs {
  filterShape: number[];
}

export const conv2DBackpropFilter: HotKernel<{ x: TensorInfo; dy: TensorInfo }, FilterGradientAttrs> = ({
  inputs: { x, dy },
  attrs,
  backend,
}) => {
  const info = isFloat(x, dy) ? gradientGeometry(backend, dy, x.shape, attrs.filterShape, attrs) : undefined;
  if (info === undefined) return undefined;
  if (isPointwise(info)) return pointwiseConvFilterGradient(backend, info, x, dy);
  const block = backend.directBlock;
  // Images are this kernel's channels: it takes whole blocks of them, or less than one.
  return block && (info.batchSize < block || info.batchSize % block === 0)
    ? directConvFilterGradient(backend, block, info, x, dy)
    : planarConvFilterGradient(backend, info, x, dy);
};

function gradientGeometry(
  backend: OrtBackend,
  dy: TensorInfo,
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: Conv2DAttrs,
): Geometry | undefined {
  const info = geometryOf(backend, xShape, filterShape, attrs);
  return info && sameShape(dy.shape, info.outShape) ? info : undefined;
}

function isDense({ dilationHeight, dilationWidth }: Geometry): boolean {
  return dilationHeight === 1 && dilationWidth === 1;
}
