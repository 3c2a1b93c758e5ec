import type { TorchBackend } from '../engines/torch/backend.js';
import { type Operation, operation } from '../engines/torch/operation.js';
import { unshare } from '../engines/torch/unshare.js';
import * as tf from '../tf.js';
import { type EngineStep, type ParamUpdate, registerEngineStep } from './engine-step.js';

/** An optimizer's step in the addon: `runtime/native/ops/optim.cc`. */
interface NativeStep {
  operation: Operation;
  /** The state tensors in the order in which the addon takes them. */
  slots: readonly string[];
  /** The numbers in the order in which the addon takes them. */
  factors: readonly string[];
}

const native = (name: string, slots: string[], factors: string[]): NativeStep => ({
  operation: operation(`${name}_step`),
  slots,
  factors,
});

const adam = native(
  'adam',
  ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'],
  ['sign', 'shrink', 'penalty', 'beta1', 'beta2', 'epsilon', 'stepSize', 'amsgrad'],
);

const steps: Readonly<Record<string, NativeStep>> = {
  Adadelta: native('adadelta', ['square_avg', 'acc_delta'], ['sign', 'weightDecay', 'rho', 'eps', 'lr']),
  Adagrad: native('adagrad', ['sum'], ['sign', 'weightDecay', 'stepSize', 'eps']),
  Adam: adam,
  AdamW: adam,
  Adamax: native(
    'adamax',
    ['exp_avg', 'exp_inf'],
    ['sign', 'weightDecay', 'beta1', 'beta2', 'eps', 'stepSize'],
  ),
  ASGD: native('asgd', ['ax'], ['sign', 'weightDecay', 'shrink', 'eta', 'mu']),
  NAdam: native(
    'nadam',
    ['exp_avg', 'exp_avg_sq'],
    ['sign', 'shrink', 'penalty', 'beta1', 'beta2', 'correction2', 'eps', 'onGrad', 'onAverage'],
  ),
  RAdam: native(
    'radam',
    ['exp_avg', 'exp_avg_sq'],
    ['sign', 'shrink', 'penalty', 'beta1', 'beta2', 'eps', 'stepSize', 'rectification'],
  ),
  RMSprop: native(
    'rmsprop',
    ['square_avg', 'momentum_buffer', 'grad_avg'],
    ['sign', 'weightDecay', 'alpha', 'eps', 'momentum', 'centered', 'lr'],
  ),
  Rprop: native('rprop', ['prev', 'step_size'], ['sign', 'less', 'more', 'smallest', 'largest']),
  SGD: native(
    'sgd',
    ['momentum_buffer'],
    ['sign', 'weightDecay', 'lr', 'keep', 'take', 'onGrad', 'onBuffer'],
  ),
};

/** Parameters of one call: so many fit into the memory that is shared with the addon. */
const PER_CALL = 1000;

const onTorch: EngineStep = {
  takes: (optimizerType) => optimizerType in steps,

  run(optimizerType, updates) {
    const step = steps[optimizerType]!;
    for (let from = 0; from < updates.length; from += PER_CALL) {
      runStep(step, updates.slice(from, from + PER_CALL));
    }
  },
};

function runStep({ operation, slots, factors }: NativeStep, updates: readonly ParamUpdate[]): void {
  const backend = tf.backend() as TorchBackend;
  const tensors: (tf.TensorInfo | undefined)[] = [];
  const numbers: number[] = [];
  for (const { param, grad, state, factors: values } of updates) {
    unshare(param, backend);
    tensors.push(param, grad);
    for (const slot of slots) tensors.push(state[slot]);
    for (const factor of factors) numbers.push(values[factor]!);
  }
  backend.run(operation, tensors, [2 + slots.length], numbers);
}

registerEngineStep('torch', onTorch);
