import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend, Plan } from '../backend.js';
import { commonGraph, floatGraph, node } from '../graphs.js';
import { ConvPlan } from './conv-epilogue.js';
import { binaryKernels, stepNodes } from './elementwise.js';
import { type HotKernel, sameShape, sizeOf, snapshot } from './kernel.js';
import { PairsGradientPlan } from './max-pool-pairs.js';

/**
 * tfjs's gradient of ReLU is `dy * step(x)`. The step waits for the product, and where `dy` is the gradient of a max
 * pool of that ReLU, which waits too, all three are one graph.
 */
class StepPlan implements Plan {
  readonly inputs: readonly TensorInfo[];
  /** Of the shape of the result. */
  readonly x: TensorInfo;

  constructor(
    readonly backend: OrtBackend,
    x: TensorInfo,
  ) {
    this.x = snapshot(x);
    this.inputs = [this.x];
  }

  run(): TensorInfo {
    return evaluate(this.backend, stepGraph, this.x);
  }
}

const stepGraph = commonGraph('Step', floatGraph(stepNodes('x', 'y'), ['x']));

const reluGradientGraph = commonGraph(
  'Relu gradient',
  floatGraph([...stepNodes('x', 'mask'), node('Mul', ['dy', 'mask'], 'y')], ['x', 'dy']),
);

function evaluate(backend: OrtBackend, graph: string, x: TensorInfo, dy?: TensorInfo): TensorInfo {
  const y = backend.allocate(x.shape);
  const dims = [sizeOf(x.shape)];
  const feeds = { x: backend.feed(x, dims), ...(dy && { dy: backend.feed(dy, dims) }) };
  const parallel = dims[0]! >= backend.limits.parallelElements;
  backend.sessions.get(graph)(feeds, { y: backend.feed(y, dims) }, parallel);
  return y;
}

export const step: HotKernel<{ x: TensorInfo }, { alpha: number }> = ({ inputs: { x }, attrs, backend }) => {
  if (attrs.alpha !== 0 || x.dtype !== 'float32' || sizeOf(x.shape) < backend.limits.elements)
    return undefined;
  const plan = backend.planOf(x);
  // The ReLU of x has the same step, and is there.
  const rectified = plan instanceof ConvPlan ? plan.rectified : undefined;
  return backend.defer(x.shape, new StepPlan(backend, rectified ? { ...rectified, shape: x.shape } : x));
};

export const multiply: HotKernel<{ a: TensorInfo; b: TensorInfo }, object> = (args) => {
  const {
    inputs: { a, b },
    backend,
  } = args;
  const factor = backend.planOf(b);
  if (!(factor instanceof StepPlan) || a.dtype !== 'float32' || !sameShape(a.shape, b.shape))
    return binaryKernels.Multiply(args);
  const dy = backend.planOf(a);
  const { x } = factor;
  const y =
    dy instanceof PairsGradientPlan && dy.x.dataId === x.dataId
      ? dy.runThroughRelu()
      : evaluate(backend, reluGradientGraph, x, a);
  return { ...y, shape: a.shape };
};
