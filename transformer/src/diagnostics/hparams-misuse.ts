import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HparamsMisuse extends Diagnostic {
  static readonly code = 'PL1012';
  static readonly explanation =
    '@Hparams stands once in a class: on the first parameter of its constructor, or on a property. The declared type of that parameter becomes the JSON Schema of the settings, so it has to be written out: an interface or a type literal, whose properties are the settings.';
  readonly code = HparamsMisuse.code;

  constructor(node: Node, cause: string) {
    super(placeOf(node), cause);
  }
}
