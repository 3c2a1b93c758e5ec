import { processRank } from '../strategies/rank-zero.js';

/** Writes a line about the run to stderr; a live progress bar makes room for it. Of several processes the first writes. */
export function announce(line: string): void {
  if (processRank() !== 0) return;
  process.stderr.write(`${line}\n`);
}
