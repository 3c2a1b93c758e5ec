/** Where a diagnostic points: absolute path, line and column from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** PL1xxx for the compiler's own; the runtime's where a check of the runtime found the mistake. */
export type DiagnosticCode = `PL${number}`;

/** A mistake that the compiler found. Each kind is a class of its own, with a code that never changes. */
export abstract class Diagnostic {
  abstract readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning' = 'error';

  constructor(
    readonly place: Place,
    /** One line: the thing, what it is, what was wanted, and what was probably meant. */
    readonly message: string,
  ) {}
}

/** A kind of diagnostic: its code, and the paragraph that `pl explain` prints for it. */
export interface DiagnosticKind {
  readonly code: DiagnosticCode;
  readonly explanation: string;
}
