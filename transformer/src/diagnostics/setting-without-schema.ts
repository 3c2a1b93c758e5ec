import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class SettingWithoutSchema extends Diagnostic {
  static readonly code = 'PL1021';
  static readonly explanation =
    "A hyper-parameter has a type that no configuration file can hold: a function, a tensor, a class, a type that is not definite. Settings are numbers, text, booleans, null, lists and objects of those. Give such a value to the constructor as a second argument, or leave the name out of the settings with @Hparams({ ignore: ['name'] }).";
  readonly code = SettingWithoutSchema.code;

  constructor(node: Node, message: string) {
    super(placeOf(node), message);
  }
}
