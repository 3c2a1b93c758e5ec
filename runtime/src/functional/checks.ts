import { hostView } from '../engines/host-memory.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';

/** Tensor type and shape as errors show it: `float32 [2,3]`. */
export function describeTensor(t: tf.Tensor): string {
  return `${t.dtype} [${t.shape}]`;
}

/**
 * @param what names operation and tensor, for example `layerNorm: weight`
 * @throws PLError PL7101 unless the tensor is float32 and, where a shape is given, of that shape.
 */
export function checkFloat(what: string, t: tf.Tensor, shape?: readonly number[], hint?: string): void {
  if (t.dtype === 'float32' && (shape === undefined || tf.util.arraysEqual(t.shape, [...shape]))) return;
  const wanted = shape === undefined ? 'float32' : `float32 [${shape}]`;
  throw new PLError('PL7101', `${what} must be ${wanted}, got ${describeTensor(t)}`, { hint });
}

/** @throws PLError PL7103 with what the setting must be. */
export function checkSetting(fits: boolean, what: string, wanted: string, got: unknown): void {
  if (!fits) throw new PLError('PL7103', `${what} must be ${wanted}, got ${String(got)}`);
}

/**
 * Looks for indices out of range, on engines with host memory. Others look in their own operation, or not at all.
 *
 * @param marker an index that is allowed besides
 * @returns whether some index may be the marker
 * @throws PLError PL7102 with the index and its place.
 */
export function checkIndices(
  what: string,
  indices: tf.Tensor,
  size: number,
  marker?: number,
  hint?: string,
): boolean {
  const values = hostView(indices);
  if (values === undefined) return marker !== undefined;
  let marked = false;
  for (let i = 0; i < values.length; i++) {
    const index = values[i]!;
    if (index === marker) marked = true;
    else if (index < 0 || index >= size) {
      throw new PLError('PL7102', `${what} ${index} at position ${i} is not within 0 to ${size - 1}`, {
        hint,
      });
    }
  }
  return marked;
}
