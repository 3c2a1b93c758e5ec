import { writeAtomically } from '../checkpoint/write-atomically.js';
import { unwritable } from '../loggers/run-folder.js';
import * as tf from '../tf.js';

/**
 * Writes what `predict` returned as JSON: a list per data loader, in it one value per batch, a line each. Tensors
 * become nested lists and are disposed; numbers that JSON does not have become the texts `NaN`, `Infinity`,
 * `-Infinity`.
 *
 * @throws PL5401 when the file cannot be written
 */
export async function writePredictions(
  path: string,
  predictions: readonly (readonly unknown[])[],
): Promise<void> {
  const loaders: string[] = [];
  for (const batches of predictions) {
    const lines: string[] = [];
    for (const batch of batches) lines.push(`    ${JSON.stringify(await plain(batch)) ?? 'null'}`);
    loaders.push(lines.length === 0 ? '  []' : `  [\n${lines.join(',\n')}\n  ]`);
  }
  try {
    await writeAtomically(path, [
      Buffer.from(loaders.length === 0 ? '[]\n' : `[\n${loaders.join(',\n')}\n]\n`),
    ]);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** A value with everything in it that JSON can hold. */
async function plain(value: unknown): Promise<unknown> {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof tf.Tensor) {
    const nested = await value.array();
    value.dispose();
    return plain(nested);
  }
  if (ArrayBuffer.isView(value)) return plain(Array.from(value as unknown as Iterable<unknown>));
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (value instanceof Set) return plain([...value]);
  if ('toJSON' in value) return value;
  const members = Object.entries(value).map(async ([name, member]) => [name, await plain(member)] as const);
  return Object.fromEntries(await Promise.all(members));
}
