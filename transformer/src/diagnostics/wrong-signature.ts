import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class WrongSignature extends Diagnostic {
  static readonly code = 'PL1003';
  static readonly explanation =
    'A method cannot serve its hook: it wants arguments that the hook does not pass, in a type or an order that does not fit, or it returns what the hook cannot use. The message gives the signature of the hook. A method may leave out arguments at the end, and may narrow the type of the batch to its own.';
  readonly code = WrongSignature.code;

  constructor(node: Node, method: string, hook: string, cause: string, expected: string) {
    super(placeOf(node), `${method} cannot be the hook '${hook}': ${cause}. Expected: ${expected}`);
  }
}
