import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SettingWithoutDefault extends Diagnostic {
  static readonly code = 'PL1024';
  static readonly explanation =
    'A setting is optional, but nothing says what it is when it is left out. Add the JSDoc tag @default with a value, or make the property required: then a run has to be given one.';
  readonly code = SettingWithoutDefault.code;

  constructor(node: Node, message: string) {
    super(placeOf(node), message);
  }
}
