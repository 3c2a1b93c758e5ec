import { PLError } from '../errors/pl-error.js';

/** @throws PLError PL8003 unless there is one part for each rank, all of the size of the rank's own */
export function checkParts(
  collective: 'reduceScatter' | 'allGather',
  own: number,
  parts: readonly number[],
  worldSize: number,
): void {
  if (parts.length === worldSize && parts.every((length) => length === own)) return;
  throw new PLError(
    'PL8003',
    `${collective} got parts of ${parts.join(', ')} values for ${worldSize} ranks, and ${own} values of its own.`,
    { hint: 'It needs one part for each rank, all of the same size.' },
  );
}
