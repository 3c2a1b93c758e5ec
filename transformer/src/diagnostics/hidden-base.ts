import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HiddenBase extends Diagnostic {
  static readonly code = 'PL1018';
  static readonly explanation =
    'The class extends one whose source the compiler cannot see: a class of another package, of which only the type declarations are there, or one that a function makes. Decorators leave no trace in those, so the compiler cannot know which hooks are inherited and writes no loop for the class. It runs all the same: the runtime reads the decorators when it starts. This is a warning.';
  override readonly severity = 'warning';
  readonly code = HiddenBase.code;

  constructor(node: Node, className: string, base: string) {
    super(
      placeOf(node),
      `no loop is written for ${className}: the hooks of its base class ${base} are not visible here.`,
    );
  }
}
