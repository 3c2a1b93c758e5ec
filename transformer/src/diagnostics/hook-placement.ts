import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HookPlacement extends Diagnostic {
  static readonly code = 'PL1006';
  static readonly explanation =
    'A hook is an ordinary public method: the trainer and the generated loop call it on the instance. A static, private, protected or abstract method, a property (also one that holds an arrow function) or an accessor cannot be one, nor a method whose name is computed. Decorate a public method and call the other from it.';
  readonly code = HookPlacement.code;

  /** @param what it is instead, such as `a static method` */
  constructor(node: Node, name: string, what: string) {
    super(placeOf(node), `${name} is ${what}; a hook has to be an ordinary public method.`);
  }
}
