import * as tf from '../../tf.js';
import type { TorchBackend } from './backend.js';
import { operation } from './operation.js';

type Gradients = Record<string, () => tf.Tensor>;
type Attrs = tf.NamedAttrMap | undefined;

/** The gradient of a kernel of one result, from the gradient of the result and what the kernel saved. */
type OwnGradient = (dy: tf.Tensor, saved: tf.Tensor[], attrs: Attrs) => Gradients;

const reluGrad = operation('relu_grad');
const sigmoidGrad = operation('sigmoid_grad');
const tanhGrad = operation('tanh_grad');
const softmaxGrad = operation('softmax_grad');
const sumTo = operation('sum_to');
const spread = operation('spread');

function call(...args: Parameters<TorchBackend['call']>): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo((tf.backend() as TorchBackend).call(...args));
}

/** The gradient of an operand that was broadcast. */
const unbroadcast = (dy: tf.Tensor, { shape }: { shape: number[] }) =>
  tf.util.arraysEqual(dy.shape, shape) ? dy.clone() : call(sumTo, [dy], shape);

function reductionGradient(dy: tf.Tensor, { shape }: tf.Tensor, attrs: Attrs, mean: boolean): tf.Tensor {
  const axes = tf.util.parseAxisParam((attrs as unknown as tf.SumAttrs).axis, shape);
  const reduced = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const factor = mean ? 1 / axes.reduce((size, axis) => size * shape[axis]!, 1) : 1;
  return call(spread, [dy], [shape.length, ...reduced, ...shape], [factor]);
}

const ownGradients: Readonly<Record<string, OwnGradient>> = {
  Add: (dy, [a, b]) => ({ a: () => unbroadcast(dy, a!), b: () => unbroadcast(dy, b!) }),
  Mean: (dy, [x], attrs) => ({ x: () => reductionGradient(dy, x!, attrs, true) }),
  Relu: (dy, [y]) => ({ x: () => call(reluGrad, [dy, y]) }),
  Sigmoid: (dy, [y]) => ({ x: () => call(sigmoidGrad, [dy, y]) }),
  Softmax: (dy, [y], attrs) => {
    const { dim } = attrs as unknown as tf.SoftmaxAttrs;
    return { logits: () => call(softmaxGrad, [dy, y], [dim]) };
  },
  Sum: (dy, [x], attrs) => ({ x: () => reductionGradient(dy, x!, attrs, false) }),
  Tanh: (dy, [y]) => ({ x: () => call(tanhGrad, [dy, y]) }),
};

/** tfjs's gradient of relu, from the result instead of the operand: the next operation saves that anyway. */
const reluFromResult: tf.GradConfig = {
  kernelName: 'Relu',
  outputsToSave: [true],
  gradFunc: (dy, [y]) => ({ x: () => tf.mul(dy as tf.Tensor, tf.cast(tf.step(y!), 'float32')) }),
};

/**
 * Has the engine compute gradients that tfjs composes of several kernels in one call. Where gradients are themselves
 * differentiated, tfjs's compositions stay: their kernels have gradients.
 */
export function registerKernelGradients(): void {
  for (const [kernelName, own] of Object.entries(ownGradients)) {
    const config = kernelName === 'Relu' ? reluFromResult : tf.getGradient(kernelName)!;
    const { state } = tf.engine();
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...config,
      gradFunc: (dy, saved, attrs) =>
        state.gradientDepth === 0 && tf.getBackend() === 'torch'
          ? own(dy as tf.Tensor, saved, attrs)
          : config.gradFunc(dy, saved, attrs),
    });
  }
}
