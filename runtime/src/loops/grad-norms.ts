import { totalNorm } from '../optim/clip-gradients.js';
import { gradOf } from '../optim/gradients.js';
import type * as tf from '../tf.js';
import type { Metrics } from './results.js';

/**
 * The norms of the gradients that there are, under the names of Lightning 1.9: `grad_2.0_norm/<parameter>`, and
 * `grad_2.0_norm_total` for all of them as one vector.
 *
 * @param params by path
 */
export function gradNorms(params: ReadonlyMap<string, tf.Variable>, type: number | 'inf'): Metrics {
  const normType = type === 'inf' ? Number.POSITIVE_INFINITY : type;
  const prefix = `grad_${Number.isInteger(type) ? `${type}.0` : type}_norm`;
  const norms: Metrics = {};
  const grads: tf.Tensor[] = [];
  for (const [name, param] of params) {
    const grad = gradOf(param);
    if (grad === undefined) continue;
    grads.push(grad);
    norms[`${prefix}/${name}`] = totalNorm([grad], normType);
  }
  if (grads.length > 0) norms[`${prefix}_total`] = totalNorm(grads, normType);
  return norms;
}
