import type { ErrorCode } from '../errors/codes.js';
import { PLError } from '../errors/pl-error.js';
import { describeOrigin, type Origin } from './origin.js';

/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  readonly code: ErrorCode;
  /** What it got and what it wanted, without the place. */
  readonly message: string;
  /** Where the mistake was made; absent when something is missing everywhere. */
  readonly origin?: Origin;
  readonly hint?: string;
}

const MAX_LISTED = 20;

/** One error for all problems, so that a person fixes them in one go. */
export function problemsError(problems: readonly ConfigProblem[]): PLError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) {
    return new PLError(first.code, line(first), first.hint === undefined ? {} : { hint: first.hint });
  }
  const lines = problems
    .slice(0, MAX_LISTED)
    .map(
      (problem) =>
        `\n  ${problem.code} ${line(problem)}${problem.hint === undefined ? '' : ` (${problem.hint})`}`,
    );
  const rest = problems.length - MAX_LISTED;
  if (rest > 0) lines.push(`\n  and ${rest} more`);
  return new PLError('PL2000', `${problems.length} problems in the configuration:${lines.join('')}`, {
    hint: '--help lists every setting, --print-config shows where each value comes from.',
  });
}

function line({ message, origin }: ConfigProblem): string {
  return origin === undefined ? message : `${describeOrigin(origin)}: ${message}`;
}
