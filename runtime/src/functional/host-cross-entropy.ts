import { peekHostView } from '../engines/host-memory.js';
import * as tf from '../tf.js';
import type { CrossEntropyAttrs } from './cross-entropy.js';
import type { Operation } from './registry.js';

/** With more logits than this, kernels that use vector instructions beat one loop in JavaScript. */
const largestSize = 2 ** 14;

/** Whether one loop over host memory is the fastest way to the cross entropy of these logits. */
export function suitsHost(logits: tf.Tensor): boolean {
  if (peekHostView(logits) === undefined) return false;
  return logits.size <= largestSize || tf.getBackend() === 'cpu';
}

/**
 * Cross entropy in one loop over host memory, gradient included; the same inputs and constants as
 * `crossEntropyOperation`. Saves some fifteen kernel calls, which cost more than the arithmetic of a small batch.
 */
export const hostCrossEntropyOperation: Operation<CrossEntropyAttrs> = {
  name: 'crossEntropy',

  forward([logits], [labels, weight], { ignoreIndex, labelSmoothing, reduction }) {
    const classes = logits!.shape.at(-1)!;
    const n = labels!.size;
    const x = peekHostView(logits!)!;
    const y = peekHostView(labels!)!;
    const classWeights = weight === undefined ? undefined : peekHostView(weight);
    const losses = new Float32Array(n);
    const grad = new Float32Array(n * classes);
    const onAll = labelSmoothing / classes;
    const allWeights = classWeights === undefined ? classes : sum(classWeights);

    let total = 0;
    let counted = 0;
    for (let i = 0; i < n; i++) {
      const label = y[i]!;
      if (label === ignoreIndex) continue;
      const row = i * classes;
      const labelWeight = classWeights?.[label] ?? 1;
      const onLabel = (1 - labelSmoothing) * labelWeight;

      let largest = -Infinity;
      for (let c = 0; c < classes; c++) largest = Math.max(largest, x[row + c]!);
      let exponentials = 0;
      for (let c = 0; c < classes; c++) {
        const exponential = Math.exp(x[row + c]! - largest);
        grad[row + c] = exponential;
        exponentials += exponential;
      }
      const logSumExp = largest + Math.log(exponentials);
      let loss = onLabel * (logSumExp - x[row + label]!);

      const share = (onLabel + onAll * allWeights) / exponentials;
      for (let c = 0; c < classes; c++) grad[row + c]! *= share;
      if (onAll > 0) {
        loss += onAll * allWeights * logSumExp;
        for (let c = 0; c < classes; c++) {
          const each = onAll * (classWeights?.[c] ?? 1);
          loss -= each * x[row + c]!;
          grad[row + c]! -= each;
        }
      }
      grad[row + label]! -= onLabel;
      losses[i] = loss;
      total += loss;
      counted += labelWeight;
    }

    const divisor = reduction === 'mean' ? counted : 1;
    if (divisor !== 1) for (let k = 0; k < grad.length; k++) grad[k]! /= divisor;
    return {
      value: reduction === 'none' ? tf.tensor(losses, labels!.shape) : tf.scalar(total / divisor),
      saved: { grad: tf.tensor(grad, logits!.shape) },
    };
  },

  backward(dy, { grad }, { reduction }) {
    return [grad!.mul(reduction === 'none' ? dy.expandDims(-1) : dy)];
  },
};

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
