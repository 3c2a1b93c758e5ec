import { Diagnostic, type DiagnosticCode, type Place } from './diagnostic.js';

/** What a run would refuse, as its error says it. */
export interface Refused {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A mistake that every run would stop at, found with the runtime's own rules and under their codes. */
export class RunRefusal extends Diagnostic {
  readonly code: DiagnosticCode;

  constructor(
    place: Place,
    { code, message, hint }: Refused,
    override readonly severity: 'error' | 'warning' = 'error',
  ) {
    super(place, hint === undefined ? message : `${message.replace(/\.$/, '')}. ${hint}`);
    this.code = code;
  }
}
