import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class WrongProgramClass extends Diagnostic {
  static readonly code = 'PL1013';
  static readonly explanation =
    "main takes classes, not instances: as model a class that extends LightningModule, as data one that extends LightningDataModule. It makes the instances itself, from the project's settings.";
  readonly code = WrongProgramClass.code;

  constructor(node: Node, given: string, wanted: string) {
    super(placeOf(node), `${given} is not a class that extends ${wanted}.`);
  }
}
