import * as tf from '../tf.js';

/** Calls `visit` for every tensor inside a value, however nested. What is reached twice is visited once, unless it is a tensor. */
export function visitTensors(value: unknown, visit: (tensor: tf.Tensor) => void): void {
  walk(value, visit, undefined);
}

function walk(value: unknown, visit: (tensor: tf.Tensor) => void, seen: Set<object> | undefined): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (value instanceof tf.Tensor) {
    visit(value);
    return;
  }
  if (seen?.has(value)) return;
  const visited = (seen ?? new Set()).add(value);
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    for (const item of value.values()) walk(item, visit, visited);
    return;
  }
  for (const key in value) {
    if (Object.hasOwn(value, key)) walk((value as Record<string, unknown>)[key], visit, visited);
  }
}
