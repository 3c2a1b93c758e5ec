import { totalNorm } from '../optim/clip-gradients.js';
import * as tf from '../tf.js';
import { checkSetting } from './checks.js';

/**
 * Scales a list of tensors, all by the same factor, so that their common Euclidean norm is at most `maxNorm`. For
 * gradients from `tf.grads`; those in the parameters' slots are clipped in place by `clipGradNorm`.
 *
 * @returns new tensors, and the norm before clipping.
 * @throws PLError PL7103 for a negative limit.
 */
export function clipByGlobalNorm<T extends tf.Tensor>(
  tensors: readonly T[],
  maxNorm: number,
): { clipped: T[]; norm: number } {
  checkSetting(maxNorm >= 0, 'clipByGlobalNorm: maxNorm', 'a number of at least 0', maxNorm);
  const norm = totalNorm(tensors);
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  return { clipped: tf.tidy(() => tensors.map((t) => t.mul(factor) as T)), norm };
}
