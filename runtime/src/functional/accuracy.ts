import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { describeTensor } from './checks.js';

/**
 * The fraction of positions whose largest logit is at the label. No gradient; NaN for no positions.
 *
 * @param logits `[..., classes]`
 * @param labels int32 `[...]`
 * @throws PLError PL7101 when the labels are not int32 with one per position.
 */
export function accuracy(logits: tf.Tensor, labels: tf.Tensor): tf.Scalar {
  const positions = logits.shape.slice(0, -1);
  if (logits.rank === 0 || labels.dtype !== 'int32' || !tf.util.arraysEqual(labels.shape, positions)) {
    throw new PLError(
      'PL7101',
      `accuracy: labels must be int32 [${positions}] for logits [${logits.shape}], got ${describeTensor(labels)}`,
    );
  }
  return tf.tidy(() => logits.argMax(-1).equal(labels).cast('float32').mean());
}
