import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { gradients } from './backpropagate.js';
import { accumulateGrad } from './gradients.js';
import { withoutTape, withTape } from './tape.js';

/**
 * Runs `forward` on tfjs's tape, then propagates the loss back to `params` and adds the result to their gradient
 * slots. Whatever runs last in `forward` runs between the forward and the backward pass.
 *
 * Parameters that the loss does not reach keep the gradient they had, or none. Tensors made on the way are freed.
 *
 * @param forward gives the loss, a float32 scalar, or `undefined` to skip the backward pass.
 * @param scale the gradients are those of `scale * loss`; the returned loss is not scaled.
 * @param onGradient is called with each parameter that the loss reaches, once its slot holds what this pass adds.
 * @returns the loss, kept: the caller disposes it. `undefined` when `forward` gave none.
 * @throws PLError PL7001 when the loss is anything but a float32 scalar.
 */
export function backward(
  forward: () => tf.Scalar | undefined,
  params: readonly tf.Variable[],
  scale = 1,
  onGradient?: (param: tf.Variable) => void,
): tf.Scalar | undefined {
  let loss: tf.Scalar | undefined;
  let failure: { reason: unknown } | undefined;

  // The tape frees what it saved only when the engine gets a result, so a failure waits until it has.
  const onTape = (): tf.Tensor => {
    try {
      const result = forward();
      if (result !== undefined) {
        checkLoss(result);
        loss = keepOwn(result);
        return loss;
      }
    } catch (reason) {
      failure = { reason };
    }
    return tf.scalar(0);
  };

  tf.tidy(() => {
    if (params.length === 0) {
      onTape();
      return;
    }
    const dLoss = scale === 1 ? undefined : tf.scalar(scale);
    try {
      gradients(onTape, params, dLoss, (grad, i) => {
        if (loss === undefined) return;
        accumulateGrad(params[i]!, grad);
        onGradient?.(params[i]!);
      });
    } catch (reason) {
      loss?.dispose();
      throw reason;
    }
  });

  if (failure !== undefined) throw failure.reason;
  return loss;
}

/**
 * As `backward`, with `own` in place of the backward pass: it calls `propagate` with the loss, or with whatever losses
 * it makes of it, once or several times.
 */
export function backwardBy(
  forward: () => tf.Scalar | undefined,
  params: readonly tf.Variable[],
  scale: number,
  own: (loss: tf.Scalar, propagate: (loss: tf.Scalar) => void) => void,
): tf.Scalar | undefined {
  let loss: tf.Scalar | undefined;
  tf.tidy(() =>
    withTape(() => {
      const result = forward();
      if (result === undefined) return;
      checkLoss(result);
      loss = keepOwn(result);
      try {
        own(loss, (part) => propagate(part, params, scale));
      } catch (error) {
        loss.dispose();
        throw error;
      }
    }),
  );
  return loss;
}

/** Adds the gradients of `scale * loss` to those of `params`, where a tape recorded how the loss came about. */
export function propagate(loss: tf.Scalar, params: readonly tf.Variable[], scale = 1): void {
  const copy: tf.Scalar = loss.clone();
  withoutTape(() => backward(() => copy, params, scale)?.dispose());
}

function keepOwn(loss: tf.Scalar): tf.Scalar {
  return tf.keep(loss.kept || loss instanceof tf.Variable ? loss.clone() : loss);
}

function checkLoss(loss: unknown): asserts loss is tf.Scalar {
  if (loss instanceof tf.Tensor && loss.rank === 0 && loss.dtype === 'float32') return;
  const got =
    loss instanceof tf.Tensor
      ? `a ${loss.dtype} tensor of shape [${loss.shape}]`
      : loss instanceof Promise
        ? 'a Promise'
        : `a value of type ${loss === null ? 'null' : typeof loss}`;
  throw new PLError('PL7001', `the loss must be a float32 scalar tensor, got ${got}`, {
    hint:
      loss instanceof Promise
        ? 'The forward pass is recorded on a synchronous tape: return the tensor itself, without async.'
        : 'Reduce it to one number first, for example with tf.mean(loss).',
  });
}
