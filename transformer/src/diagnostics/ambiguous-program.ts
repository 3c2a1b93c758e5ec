import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class AmbiguousProgram extends Diagnostic {
  static readonly code = 'PL1014';
  static readonly explanation =
    'The settings model.* and data.* belong to one module and one data module: those that the program gives to main({ model, data }). This project has several, and no call of main says which, or several calls say different things. Call main with the ones to configure; one program, one project.';
  readonly code = AmbiguousProgram.code;

  constructor(node: Node, cause: string) {
    super(placeOf(node), cause);
  }
}
