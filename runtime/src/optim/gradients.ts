import { peekHostView } from '../engines/host-memory.js';
import { torchGradients } from '../engines/torch/gradients.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';

const slots = new WeakMap<tf.Variable, tf.Tensor>();

/** The gradient that was accumulated for a variable, of the variable's shape; `undefined` after `clearGrads`. */
export function gradOf(v: tf.Variable): tf.Tensor | undefined {
  return slots.get(v);
}

/**
 * Adds a gradient to the variable's slot, or makes it the slot when there is none. Takes ownership of `grad`:
 * the caller must not use or dispose it afterwards.
 *
 * @throws PLError PL7002 when the gradient's shape is not the variable's, or it is not float32.
 */
export function accumulateGrad(v: tf.Variable, grad: tf.Tensor): void {
  const slot = slots.get(v);
  if (slot === undefined) {
    setGrad(v, grad);
    return;
  }
  if (slot === grad) {
    accumulateGrad(v, grad.clone());
    return;
  }
  checkFits(v, grad);
  const torch = torchGradients();
  const sum = peekHostView(slot);
  const addend = peekHostView(grad);
  if (torch !== undefined) torch.accumulate(ownGrad(v)!, grad);
  else if (sum !== undefined && addend !== undefined) {
    for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
  } else {
    slots.set(v, tf.keep(tf.add(slot, grad)));
    slot.dispose();
  }
  grad.dispose();
}

/**
 * Replaces the variable's gradient and disposes the one that was there. Takes ownership of `grad`.
 *
 * @throws PLError PL7002 when the gradient's shape is not the variable's, or it is not float32.
 */
export function setGrad(v: tf.Variable, grad: tf.Tensor | undefined): void {
  const slot = slots.get(v);
  if (slot === grad) return;
  if (grad === undefined) slots.delete(v);
  else {
    checkFits(v, grad);
    slots.set(v, tf.keep(withOwnMemory(grad)));
  }
  slot?.dispose();
}

/** Disposes the gradients of the variables and empties their slots (PyTorch's `zero_grad(set_to_none=True)`). */
export function clearGrads(vs: Iterable<tf.Variable>): void {
  for (const v of vs) setGrad(v, undefined);
}

/** The gradient in the variable's slot, for an engine to write in place: a copy, where its data has other holders. */
export function ownGrad(v: tf.Variable): tf.Tensor | undefined {
  const slot = slots.get(v);
  if (slot !== undefined && tf.backend().refCount(slot.dataId) !== 1) setGrad(v, tf.mul(slot, 1));
  return slots.get(v);
}

/** A slot is written in place, so no other tensor may share its data: gradients of `a + b` for a and b do. */
function withOwnMemory(grad: tf.Tensor): tf.Tensor {
  const view = peekHostView(grad);
  if (view === undefined || tf.backend().refCount(grad.dataId) === 1) return grad;
  const copy = tf.tensor(view.slice(), grad.shape, grad.dtype);
  grad.dispose();
  return copy;
}

function checkFits(v: tf.Variable, grad: tf.Tensor): void {
  if (grad.dtype === 'float32' && tf.util.arraysEqual(v.shape, grad.shape)) return;
  throw new PLError(
    'PL7002',
    `the gradient of variable '${v.name}' must be float32 [${v.shape}], got ${grad.dtype} [${grad.shape}]`,
    { hint: 'Give the gradient the shape of the variable it belongs to.' },
  );
}
