import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { didYouMean } from './did-you-mean.js';
import { placeOf } from './place.js';

export class UnknownHook extends Diagnostic {
  static readonly code = 'PL1001';
  static readonly explanation =
    "No class has a hook of that name. Hooks have their names from PyTorch Lightning, in snake_case: training_step, configure_optimizers, on_train_epoch_end. An editor lists them when you type @Hook('…'). The method that serves a hook may have any name of its own.";
  readonly code = UnknownHook.code;

  constructor(node: Node, name: string, owner: string, known: readonly string[]) {
    super(placeOf(node), `'${name}' is not a hook of ${owner}.${didYouMean(name, known)}`);
  }
}
