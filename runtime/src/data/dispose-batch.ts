import * as tf from '../tf.js';

/** Disposes every tensor inside a batch, however nested, but no variable: that is a model's. */
export function disposeBatch(batch: unknown): void {
  visitTensors(
    batch,
    (tensor) => {
      if (!(tensor instanceof tf.Variable)) tensor.dispose();
    },
    undefined,
  );
}

/** Disposes the tensors inside `value` that are newer than the tensor id `createdAfter`, but none under `tf.keep`. */
export function disposeNewer(value: unknown, createdAfter: number): void {
  visitTensors(
    value,
    (tensor) => {
      if (tensor.id > createdAfter && !tensor.kept) tensor.dispose();
    },
    undefined,
  );
}

function visitTensors(
  value: unknown,
  visit: (tensor: tf.Tensor) => void,
  seen: Set<object> | undefined,
): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof tf.Tensor) {
    visit(value);
    return;
  }
  if (seen?.has(value)) return;
  const visited = (seen ?? new Set()).add(value);
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    for (const item of value.values()) visitTensors(item, visit, visited);
    return;
  }
  for (const key in value) {
    if (Object.hasOwn(value, key)) visitTensors((value as Record<string, unknown>)[key], visit, visited);
  }
}
