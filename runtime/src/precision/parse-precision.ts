import { didYouMean } from '../config/suggest.js';
import type { MatmulPrecision, Precision } from '../engines/autocast-engine.js';
import { PLError } from '../errors/pl-error.js';

/** A precision, or Lightning's short form of one. */
export type PrecisionInput = Precision | 16 | 32 | '16' | '32' | 'bf16';

const precisions: readonly Precision[] = ['32-true', '16-mixed', 'bf16-mixed', '16-true', 'bf16-true'];
const short: Readonly<Record<string, Precision>> = { 32: '32-true', 16: '16-mixed', bf16: 'bf16-mixed' };
const matmulPrecisions: readonly MatmulPrecision[] = ['highest', 'high', 'medium'];

/** @throws PLError PL8201 for anything that is no precision, 64 bits included */
export function parsePrecision(value: unknown): Precision {
  const name = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  const precision = precisions.find((known) => known === name);
  if (precision !== undefined) return precision;
  if (Object.hasOwn(short, name)) return short[name]!;
  const shown = JSON.stringify(value) ?? String(value);
  if (/^64(-true)?$/.test(name)) {
    throw new PLError('PL8201', `trainer.precision is ${shown}: TensorFlow.js has no 64-bit numbers`, {
      hint: "Set it to '32-true'.",
    });
  }
  throw new PLError('PL8201', `trainer.precision is ${shown}.${didYouMean(name, precisions)}`, {
    hint: `It is one of ${precisions.join(', ')}; 32, 16 and bf16 are short for the first three.`,
  });
}

/** @throws PLError PL8201 for anything that is none */
export function parseMatmulPrecision(value: unknown): MatmulPrecision {
  const precision = matmulPrecisions.find((known) => known === value);
  if (precision !== undefined) return precision;
  throw new PLError(
    'PL8201',
    `trainer.matmulPrecision is ${JSON.stringify(value) ?? String(value)}.${didYouMean(String(value), matmulPrecisions)}`,
    { hint: `It is one of ${matmulPrecisions.join(', ')}.` },
  );
}
