import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class OptimizerWithoutParameters extends Diagnostic {
  static readonly code = 'PL1027';
  static readonly explanation =
    'An optimizer needs parameters to train. this.parameters() gives the trainable variables of the layers, models and variables that the module has in its properties, also in arrays, Maps and records of them; private #fields are out of its reach, and so are local variables. Here it would give none, or the list is written out as an empty one. Keep the layers in properties that are not #private.';
  readonly code = OptimizerWithoutParameters.code;

  constructor(node: Node, optimizer: string, cause: string) {
    super(placeOf(node), `${optimizer} gets no parameters: ${cause}.`);
  }
}
