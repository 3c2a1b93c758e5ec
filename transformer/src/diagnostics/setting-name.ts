import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SettingName extends Diagnostic {
  static readonly code = 'PL1025';
  static readonly explanation =
    'A setting cannot have that name: it could not be a command-line flag or an environment variable, or another setting has the same variable. Rename the property.';
  readonly code = SettingName.code;

  constructor(node: Node, message: string) {
    super(placeOf(node), message);
  }
}
