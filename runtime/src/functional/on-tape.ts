import { sameOnTape, type TapeNode, tfjsEngine } from '../engines/tfjs-engine.js';
import * as tf from '../tf.js';

/** Tensors that the forward pass leaves for the backward pass, by name. */
export type Saved = Readonly<Record<string, tf.Tensor | undefined>>;

/** Whether the tape records a computation whose gradient will itself be differentiated. */
export function recordsGradients(): boolean {
  const engine = tfjsEngine();
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
  const engine = tfjsEngine();
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
    const node = engine.state.activeTape!.at(-1)!;
    node.saved!.push(...Object.values(kept));
    const gradient = node.gradient!;
    node.gradient = function (this: TapeNode | undefined, dys) {
      needed = this?.inputs ?? inputs;
      return gradient(dys);
    } as TapeNode['gradient'];
  }
  return value;
}

/** What outlives the forward pass of a tensor: itself if it came about there, else another reference to its data. */
function keptFrom(tensor: tf.Tensor, value: tf.Tensor): tf.Tensor {
  const engine = tfjsEngine();
  const isOwn = tensor !== value && !tensor.kept && tensor.scopeId === engine.state.activeScope?.id;
  return tf.keep(isOwn ? tensor : sameOnTape(tensor));
}
