import type * as tf from '../tf.js';
import { tensorData } from './copy-tensor.js';
import type { TensorData } from './tensor-data.js';

/** An optimizer's tensors by parameter and slot. */
export type Slots<T = TensorData> = Record<string, Record<string, T>>;

/** The tensors of optimizer `i` as a checkpoint names them: `<i>.<param>.<slot>`. */
export function slotTensors(slots: Slots<tf.Tensor>, i: number): (readonly [string, TensorData])[] {
  return Object.entries(slots).flatMap(([param, ofParam]) =>
    Object.entries(ofParam).map(([slot, tensor]) => [`${i}.${param}.${slot}`, tensorData(tensor)] as const),
  );
}

/** The tensors of optimizer `i` out of those of all. */
export function slotsOf(tensors: ReadonlyMap<string, TensorData>, i: number): Slots {
  const slots: Slots = {};
  for (const [key, tensor] of tensors) {
    const [, index, param, slot] = /^(\d+)\.(.*)\.([^.]+)$/.exec(key) ?? [];
    if (Number(index) === i) slots[param!] = { ...slots[param!], [slot!]: tensor };
  }
  return slots;
}
