import * as tf from '../tf.js';

/** Tensors that the forward pass leaves for the backward pass, by name. */
export type Saved = Readonly<Record<string, tf.Tensor | undefined>>;

type NamedTensors = Record<string, tf.Tensor>;

interface TapeNode {
  /** In the backward pass, only the inputs that lead to something that wants a gradient. */
  readonly inputs: NamedTensors;
  readonly saved: tf.Tensor[];
  gradient(dys: (tf.Tensor | null)[]): Record<string, () => tf.Tensor>;
}

/** The part of tfjs's engine that `tf.customGrad` stands on; its types leave it out. */
interface TapeEngine {
  isTapeOn(): boolean;
  trackTensor(tensor: tf.Tensor): void;
  runKernelFunc(invocation: {
    inputs: NamedTensors;
    forwardFunc(): tf.Tensor;
    backwardsFunc(dy: tf.Tensor): Record<string, () => tf.Tensor>;
  }): tf.Tensor;
  readonly state: {
    readonly gradientDepth: number;
    readonly activeScope: { readonly id: number };
    readonly activeTape: TapeNode[];
    readonly tensorInfo: WeakMap<object, { readonly backend: { incRef(dataId: object): void } }>;
  };
}

const tapeEngine = () => tf.engine() as unknown as TapeEngine;

/** Whether the tape records a computation whose gradient will itself be differentiated. */
export function recordsGradients(): boolean {
  const engine = tapeEngine();
  return engine.isTapeOn() && engine.state.gradientDepth > 1;
}

/**
 * Runs a computation with a gradient of its own, as `tf.customGrad` does, with less per call: a saved tensor costs
 * neither a kernel nor a node of the tape, it is freed right after its backward pass, and `backward` learns which
 * gradients anyone needs.
 */
export function onTape(
  inputs: readonly tf.Tensor[],
  forward: () => { value: tf.Tensor; saved: Saved },
  backward: (dy: tf.Tensor, saved: Saved, needed: readonly boolean[]) => (tf.Tensor | undefined)[],
): tf.Tensor {
  const engine = tapeEngine();
  const isRecorded = engine.isTapeOn();
  const kept: Record<string, tf.Tensor> = {};
  let needed: object = inputs;

  const value = engine.runKernelFunc({
    inputs: Object.fromEntries(inputs.entries()),

    forwardFunc() {
      const { value, saved } = forward();
      if (isRecorded) {
        for (const name in saved) {
          const tensor = saved[name];
          if (tensor !== undefined) kept[name] = keptFrom(tensor, value);
        }
      }
      return value;
    },

    backwardsFunc(dy) {
      const isNeeded = inputs.map((_, i) => i in needed);
      const grads = backward(dy, kept, isNeeded);
      // Within another tape the gradient may be asked for again.
      if (engine.state.gradientDepth === 0) tf.dispose(kept);
      return Object.fromEntries(grads.map((grad, i) => [i, () => grad!]));
    },
  });

  if (isRecorded) {
    const node = engine.state.activeTape.at(-1)!;
    node.saved.push(...Object.values(kept));
    const { gradient } = node;
    node.gradient = function (this: TapeNode | undefined, dys) {
      needed = this?.inputs ?? inputs;
      return gradient(dys);
    } as TapeNode['gradient'];
  }
  return value;
}

/** What outlives the forward pass of a tensor: itself if it came about there, else another reference to its data. */
function keptFrom(tensor: tf.Tensor, value: tf.Tensor): tf.Tensor {
  const engine = tapeEngine();
  const isOwn = tensor !== value && !tensor.kept && tensor.scopeId === engine.state.activeScope.id;
  return tf.keep(isOwn ? tensor : sameOnTape(tensor));
}

/** A tensor with a life of its own that is the same to the tape. */
function sameOnTape(tensor: tf.Tensor): tf.Tensor {
  const engine = tapeEngine();
  const { shape, dtype, dataId, id } = tensor;
  engine.state.tensorInfo.get(dataId)!.backend.incRef(dataId);
  const same = new tf.Tensor(shape, dtype, dataId, id);
  engine.trackTensor(same);
  return same;
}
