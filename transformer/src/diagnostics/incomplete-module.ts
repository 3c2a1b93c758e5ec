import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class IncompleteModule extends Diagnostic {
  static readonly code = 'PL1009';
  static readonly explanation =
    'A module that is trained needs a training step, which gives the loss of a batch, and configure_optimizers, which gives the optimizer that lowers it. One of them is missing here, or no method is decorated as it. A module that only validates, tests or predicts needs neither, and must not be given to fit.';
  readonly code = IncompleteModule.code;

  constructor(node: Node, className: string, missing: readonly string[]) {
    const hints = missing.map((hook) => (hook === 'training_step' ? '@TrainingStep' : `@Hook('${hook}')`));
    super(placeOf(node), `${className} cannot be trained: no method is marked ${hints.join(', and none ')}.`);
  }
}
