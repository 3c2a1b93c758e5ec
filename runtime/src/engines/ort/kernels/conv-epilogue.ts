import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend, Plan } from '../backend.js';
import type { Geometry } from './conv2d-geometry.js';
import { directConv } from './direct-conv.js';
import { binaryKernels, unaryKernels } from './elementwise.js';
import { type HotKernel, isFloat, sameShape, sizeOf, snapshot } from './kernel.js';

/**
 * A convolution that waits for the bias and the ReLU that mostly follow: ONNX Runtime applies them before it writes
 * the results, where each alone is a pass over memory. What comes in between is computed only when somebody reads it.
 */
export class ConvPlan implements Plan {
  readonly inputs: TensorInfo[];
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  readonly bias: TensorInfo | undefined;
  /** The ReLU of the result. */
  rectified: TensorInfo | undefined;

  constructor(
    readonly backend: OrtBackend,
    readonly block: number,
    readonly info: Geometry,
    x: TensorInfo,
    filter: TensorInfo,
    bias?: TensorInfo,
  ) {
    this.x = snapshot(x);
    this.filter = snapshot(filter);
    this.bias = bias && snapshot(bias);
    this.inputs = [this.x, this.filter, ...(this.bias ? [this.bias] : [])];
  }

  withBias(bias: TensorInfo): ConvPlan {
    return new ConvPlan(this.backend, this.block, this.info, this.x, this.filter, bias);
  }

  run(): TensorInfo {
    return this.#compute(false);
  }

  /** The ReLU of the result, which stays uncomputed itself. */
  rectify(): TensorInfo {
    const y = this.#compute(true);
    this.backend.incRef(y.dataId);
    this.inputs.push(y);
    this.rectified = y;
    return y;
  }

  #compute(relu: boolean): TensorInfo {
    return directConv(this.backend, this.block, this.info, this.x, this.filter, { bias: this.bias, relu });
  }
}

export const add: HotKernel<{ a: TensorInfo; b: TensorInfo }, object> = (args) => {
  const {
    inputs: { a, b },
    backend,
  } = args;
  const plan = backend.planOf(a);
  const takesBias =
    plan instanceof ConvPlan &&
    plan.bias === undefined &&
    isFloat(b) &&
    sameShape(a.shape, plan.info.outShape) &&
    b.shape.length <= a.shape.length &&
    b.shape.at(-1) === plan.info.outChannels &&
    sizeOf(b.shape) === plan.info.outChannels;
  return takesBias ? backend.defer(a.shape, plan.withBias(b)) : binaryKernels.Add(args);
};

export const relu: HotKernel<{ x: TensorInfo }, object> = (args) => {
  const {
    inputs: { x },
    backend,
  } = args;
  const plan = backend.planOf(x);
  if (!(plan instanceof ConvPlan && plan.rectified === undefined)) return unaryKernels.Relu(args);
  return { ...plan.rectify(), shape: x.shape };
};
