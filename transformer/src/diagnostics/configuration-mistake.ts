import { Diagnostic, type DiagnosticCode, type Place } from './diagnostic.js';

/** A mistake in a configuration file, found with the runtime's own checks and under their codes. */
export class ConfigurationMistake extends Diagnostic {
  constructor(
    place: Place,
    readonly code: DiagnosticCode,
    message: string,
  ) {
    super(place, message);
  }
}
