import { PLError } from '../../errors/pl-error.js';

/** What a scheduler writes into a checkpoint: JSON, functions left out. */
export interface LRSchedulerState {
  type: string;
  lastEpoch: number;
  /** The rates that the last step gave, one for each param group. */
  lastLr: number[];
  [name: string]: unknown;
}

export function misfit(type: string, reason: string): PLError {
  return new PLError('PL7203', `the saved state does not fit ${type}: ${reason}`, {
    hint: 'Resume with the scheduler and the param groups that wrote the checkpoint, or load only its weights.',
  });
}

/**
 * The state as a record, when a scheduler of this type wrote it.
 *
 * @throws PLError PL7203
 */
export function stateOfType(type: string, state: unknown): Record<string, unknown> {
  if (typeof state !== 'object' || state === null)
    throw misfit(type, `it is ${state === null ? 'null' : typeof state}`);
  const record = state as Record<string, unknown>;
  if (record.type !== type) throw misfit(type, `it belongs to ${String(record.type)}`);
  return record;
}

/** @throws PLError PL7203 */
export function integerIn(type: string, state: Record<string, unknown>, name: string): number {
  const value = state[name];
  if (!Number.isInteger(value))
    throw misfit(type, `${name} must be an integer, got ${JSON.stringify(value)}`);
  return value as number;
}

/** @throws PLError PL7203 */
export function numbersIn(type: string, state: Record<string, unknown>, name: string): number[] {
  const value = state[name];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'number')) {
    throw misfit(type, `${name} must be a list of numbers, got ${JSON.stringify(value)}`);
  }
  return [...value];
}
