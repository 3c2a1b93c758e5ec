import * as tf from '../../tf.js';
import { TorchBackend } from './backend.js';
import { operation } from './operation.js';

const totalNormOp = operation('total_norm');
const clipNormOp = operation('clip_grad_norm');
const clipValueOp = operation('clip_grad_value');
const widenOp = operation('widen');
const accumulateOp = operation('accumulate');

/** What the torch engine does to gradients in one call, in place. Each must be the only holder of its data id. */
export class TorchGradients {
  constructor(readonly backend: TorchBackend) {}

  /** The p-norm of all elements as one vector. */
  totalNorm(tensors: readonly tf.Tensor[], p: number): number {
    this.backend.run(totalNormOp, tensors, [], [p]);
    return this.backend.answer(0);
  }

  /** Scales the gradients to a common norm of at most `maxNorm`. @returns the norm before */
  clipNorm(grads: readonly tf.Tensor[], maxNorm: number, p: number): number {
    this.backend.run(clipNormOp, grads, [], [p, maxNorm]);
    return this.backend.answer(0);
  }

  /** Limits every element to `-limit … limit`. */
  clipValue(grads: readonly tf.Tensor[], limit: number): void {
    this.backend.run(clipValueOp, grads, [], [limit]);
  }

  /** Makes float32 of what has 16 bits: means of several processes keep their digits, and all have one type. */
  widen(grads: readonly tf.Tensor[]): void {
    this.backend.run(widenOp, grads, [], []);
  }

  accumulate(sum: tf.Tensor, addend: tf.Tensor): void {
    this.backend.run(accumulateOp, [sum, addend], [], []);
  }
}

let present: TorchGradients | undefined;

/** Where the torch engine is the present one. */
export function torchGradients(): TorchGradients | undefined {
  const backend = tf.backend();
  if (!(backend instanceof TorchBackend)) return undefined;
  if (present?.backend !== backend) present = new TorchGradients(backend);
  return present;
}
