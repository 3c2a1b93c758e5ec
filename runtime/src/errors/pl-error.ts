import type { ErrorCode } from './codes.js';

export interface PLErrorOptions {
  /** The next step for the reader: a command, a setting, a place to look. One or two lines. */
  hint?: string;
  cause?: unknown;
}

/**
 * An error that its reader can act on: a stable code, what was found, what was wanted, the next step.
 * Programs print it without a stack trace; `pl explain <code>` tells the longer story.
 */
export class PLError extends Error {
  override readonly name = 'PLError';
  readonly hint: string | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { hint, cause }: PLErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }

  /** The text that a terminal shows: `error PL3001: <message>`, then the hint, indented. */
  format(): string {
    const hint = this.hint === undefined ? '' : `\n${this.hint.replace(/^/gm, '  ')}`;
    return `error ${this.code}: ${this.message}${hint}`;
  }
}
