import { PLError } from '../../../errors/pl-error.js';
import type { CommandResult } from './run-command.js';

/** What of a compiler's or a linker's output tells most, best first. The driver's last words never do. */
const TELLING = [
  /^.*\berror: (?!ld returned|linker command failed).*$/m,
  /^.*(?:undefined reference|undefined symbol|cannot find -l|library not found).*$/im,
  /^.*\S.*$/m,
];
const OUT_OF_MEMORY =
  /Killed signal terminated program|fatal error: Killed|out of memory|unable to execute command: Killed/i;
const FULL_DISK = /No space left on device|Disk quota exceeded/i;

/** Headers whose absence has a usual remedy. */
const MISSING_HEADERS: readonly (readonly [RegExp, string])[] = [
  [/^[a-z_]+$/, 'the C++ standard library is not installed; on Debian: apt-get install g++'],
  [
    /^cu(da|blas|sparse|solver|dnn)\w*\.h$/,
    "CUDA's headers are not where the compiler looks; CXXFLAGS=-I<folder> adds one",
  ],
];

/**
 * Why a step of the build failed, in three lines: the step, the first error with its place, where the rest is.
 *
 * @param what the step did: `compile heap.cc`
 */
export function compilerFailure(what: string, { output, signal }: CommandResult, log: string): PLError {
  const rest = `Everything that it said: ${log}`;
  if (FULL_DISK.test(output)) {
    return new PLError('PL6023', `The disk is full: the compiler could not ${what}.`, {
      hint: `Make room, or set XDG_CACHE_HOME to a folder on another disk.\n${rest}`,
    });
  }
  const wasKilled = signal !== undefined || OUT_OF_MEMORY.test(output);
  const cause = wasKilled
    ? 'it was killed; if the memory was full: pl engine build --jobs 1'
    : firstError(output);
  return new PLError('PL6022', `The C++ compiler could not ${what}:`, { hint: `${cause}\n${rest}` });
}

function firstError(output: string): string {
  const line = TELLING.map((pattern) => pattern.exec(output)?.[0].trim()).find((line) => line !== undefined);
  if (line === undefined) return 'it said nothing';
  const header = /fatal error: '?([^':\s]+)'?(?:: No such file| file not found)/.exec(line)?.[1] ?? '';
  const remedy = MISSING_HEADERS.find(([pattern]) => pattern.test(header))?.[1];
  return remedy === undefined ? line : `${line} (${remedy})`;
}
