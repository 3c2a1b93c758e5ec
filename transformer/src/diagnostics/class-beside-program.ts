import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class ClassBesideProgram extends Diagnostic {
  static readonly code = 'PL1011';
  static readonly explanation =
    'A module or data module stands in a file that starts the program or imports generated code. The generated code imports the class in turn, and modules that import each other in a circle see classes before they exist. Move the class to a file of its own, such as src/model.ts, and import it from there.';
  readonly code = ClassBesideProgram.code;

  constructor(node: Node, className: string, reason: string) {
    super(placeOf(node), `${className} stands in a file that ${reason}; move it to a file of its own.`);
  }
}
