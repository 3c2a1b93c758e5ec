import { Optimizer } from '../optimizer.js';
import { LRScheduler } from './lr-scheduler.js';

/** In words what a value is that was taken for a configuration of optimizers. */
export function describeConfigured(value: unknown): string {
  if (value === null || typeof value === 'undefined' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'string') return `the text '${value}'`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) {
    return value.length === 0 ? 'an empty list' : `a list of ${value.map(shortly).join(', ')}`;
  }
  if (value instanceof Promise) return 'a promise: it must not be asynchronous';
  if (value instanceof Optimizer) return `an optimizer (${value.type})`;
  if (value instanceof LRScheduler) return `a scheduler (${value.type})`;
  const name: string | undefined = Object.getPrototypeOf(value)?.constructor?.name;
  if (name !== undefined && name !== 'Object') return `an object of class ${name}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an empty record' : `a record with ${keys.map((key) => `'${key}'`).join(', ')}`;
}

/** Lists inside of lists, one level deep. */
function shortly(value: unknown): string {
  if (!Array.isArray(value)) return describeConfigured(value);
  return `[${value.map((item) => (Array.isArray(item) ? 'a list' : describeConfigured(item))).join(', ')}]`;
}
