import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SettingDefault extends Diagnostic {
  static readonly code = 'PL1023';
  static readonly explanation =
    'The @default of a setting does not fit its own type or limits, so a run without configuration would be refused. Correct one of the two.';
  readonly code = SettingDefault.code;

  constructor(node: Node, message: string) {
    super(placeOf(node), message);
  }
}
