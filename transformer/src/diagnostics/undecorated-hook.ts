import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class UndecoratedHook extends Diagnostic {
  static readonly code = 'PL1008';
  static readonly explanation =
    'A method has the name of a hook, but only a decorator makes a method a hook: without one nothing calls it. Put @Hook with that name (or @TrainingStep and its like) in front of it. If it is meant to be an ordinary method, give it another name; this is a warning and does not stop the build.';
  override readonly severity = 'warning';
  readonly code = UndecoratedHook.code;

  constructor(node: Node, hook: string) {
    super(placeOf(node), `${hook} is named like a hook but is not one. Is @Hook('${hook}') missing?`);
  }
}
