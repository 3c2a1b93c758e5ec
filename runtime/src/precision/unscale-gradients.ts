import { peekHostView } from '../engines/host-memory.js';
import { gradOf, ownGrad, setGrad } from '../optim/gradients.js';
import * as tf from '../tf.js';

/** Multiplies all tensors, each the only holder of its data, by a factor in place; whether every value was finite before. */
export type ScaleAndCheckFinite = (tensors: readonly tf.Tensor[], factor: number) => boolean;

/**
 * Multiplies the gradients of `params` by `factor`, whether they are finite or not.
 *
 * @param onEngine what the engine has for this; without it, host memory is written in place, and other engines compute
 *   new tensors and are asked once for the answer
 * @returns whether every value was finite before; undefined where there are no gradients
 */
export function unscaleGradients(
  params: Iterable<tf.Variable>,
  factor: number,
  onEngine?: ScaleAndCheckFinite,
): boolean | undefined {
  const withGrad = [...params].filter((v) => gradOf(v) !== undefined);
  if (withGrad.length === 0) return undefined;
  if (onEngine !== undefined)
    return onEngine(
      withGrad.map((v) => ownGrad(v)!),
      factor,
    );
  let finite = true;
  const remote: tf.Variable[] = [];
  for (const v of withGrad) {
    const values = peekHostView(gradOf(v)!);
    if (values === undefined) remote.push(v);
    else finite = scaleOnHost(values, factor) && finite;
  }
  return scaleOnEngine(remote, factor) && finite;
}

function scaleOnHost(values: Float32Array | Int32Array | Uint8Array, factor: number): boolean {
  // x - x is 0 for finite x and NaN otherwise, and one NaN makes the sum NaN: no branch per element.
  let difference = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    difference += x - x;
    values[i] = x * factor;
  }
  return difference === 0;
}

function scaleOnEngine(params: readonly tf.Variable[], factor: number): boolean {
  if (params.length === 0) return true;
  const finite = tf.tidy(() => {
    const each = params.map((v) => gradOf(v)!.isFinite().all());
    return tf.stack(each).all().dataSync()[0] === 1;
  });
  for (const v of params) setGrad(v, gradOf(v)!.mul(factor));
  return finite;
}
