import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SettingConstraint extends Diagnostic {
  static readonly code = 'PL1022';
  static readonly explanation =
    'A JSDoc tag that limits a setting (@minimum, @pattern, @type, …) is unknown, malformed, or means nothing for the type of the setting. A limit that is not understood would not be enforced, so it is an error.';
  readonly code = SettingConstraint.code;

  constructor(node: Node, message: string) {
    super(placeOf(node), message);
  }
}
