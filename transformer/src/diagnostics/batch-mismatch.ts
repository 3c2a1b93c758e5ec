import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class BatchMismatch extends Diagnostic {
  static readonly code = 'PL1015';
  static readonly explanation =
    'The batches that a data loader gives are not what the step takes, so the first step would fail or, worse, compute something else. Both types are in the message, with the first property that differs. Correct the type of the step, or what the data module makes; where a batch is changed on its way (on_after_batch_transfer and its like) the compiler does not compare.';
  readonly code = BatchMismatch.code;

  constructor(node: Node, loader: string, given: string, step: string, taken: string, difference: string) {
    super(
      placeOf(node),
      `${loader} gives batches of type ${given}, but ${step} takes ${taken}${difference}.`,
    );
  }
}
