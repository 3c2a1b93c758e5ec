import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class DuplicateHook extends Diagnostic {
  static readonly code = 'PL1005';
  static readonly explanation =
    'Two methods of one class are marked as the same hook, so it is not clear which of them is meant. Keep the decorator on one, and call the other from it. A subclass may mark a method for a hook that its base class has already; its own method counts then.';
  readonly code = DuplicateHook.code;

  constructor(node: Node, hook: string, first: string, second: string) {
    super(placeOf(node), `'${hook}' has two methods: ${first} and ${second}.`);
  }
}
