import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class HookOutside extends Diagnostic {
  static readonly code = 'PL1019';
  static readonly explanation =
    'A method of an ordinary class is marked as a hook, but only modules, data modules and callbacks have hooks, so nothing would call it. Let the class extend LightningModule, LightningDataModule or Callback.';
  readonly code = HookOutside.code;

  constructor(node: Node, className: string) {
    super(
      placeOf(node),
      `${className} has a hook but extends none of LightningModule, LightningDataModule and Callback.`,
    );
  }
}
