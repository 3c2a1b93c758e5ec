import type { DiagnosticCode } from '../diagnostics/diagnostic.js';

/** Something that keeps a command of `pl` from doing its work: shown without a stack trace, exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly code: DiagnosticCode,
    message: string,
    /** The next step for the reader. */
    readonly hint?: string,
  ) {
    super(message);
  }

  format(): string {
    return `error ${this.code}: ${this.message}${this.hint === undefined ? '' : `\n  ${this.hint}`}`;
  }
}
