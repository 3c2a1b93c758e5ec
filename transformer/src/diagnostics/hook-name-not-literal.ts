import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HookNameNotLiteral extends Diagnostic {
  static readonly code = 'PL1007';
  static readonly explanation =
    "The compiler reads the names of hooks from the source, so a name has to stand there as a string: @Hook('on_train_start'). A variable, a template or an expression, even a constant one, is not evaluated.";
  readonly code = HookNameNotLiteral.code;

  constructor(node: Node) {
    super(placeOf(node), "the hook's name has to be written out as a string: @Hook('on_train_start').");
  }
}
