import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class ClassNotExported extends Diagnostic {
  static readonly code = 'PL1010';
  static readonly explanation =
    'The generated code imports the classes that it was written for: their hook tables, their loops, the checks of their hyper-parameters. A module or data module that its file does not export cannot be imported. Put export in front of it; a base class that is never used by itself can be abstract instead.';
  readonly code = ClassNotExported.code;

  constructor(node: Node, className: string) {
    super(placeOf(node), `${className} is not exported, so the generated code cannot import it.`);
  }
}
