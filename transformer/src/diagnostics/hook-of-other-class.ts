import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HookOfOtherClass extends Diagnostic {
  static readonly code = 'PL1002';
  static readonly explanation =
    'The hook exists, but not for this kind of class, so nothing would ever call the method. Modules have the steps, configure_optimizers and what happens around optimization; data modules have the data loaders; callbacks follow a run from outside and have on_exception and the sanity check. Move the method to a class of the kind that the message names.';
  readonly code = HookOfOtherClass.code;

  constructor(node: Node, hook: string, className: string, kind: string, owners: readonly string[]) {
    super(placeOf(node), `'${hook}' is a hook of ${owners.join(' and ')}; ${className} is ${kind}.`);
  }
}
