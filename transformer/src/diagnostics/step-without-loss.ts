import type { Node } from 'ts-morph';
import { Diagnostic } from './diagnostic.js';
import { placeOf } from './place.js';

export class StepWithoutLoss extends Diagnostic {
  static readonly code = 'PL1026';
  static readonly explanation =
    "The trainer lowers what the training step returns: the loss as a scalar tensor, or a record that holds it as 'loss' beside whatever else on_train_batch_end is to get. What this step returns is neither: a record without 'loss', a number (which has no gradient; return the tensor, and do not call dataSync on it), or a tensor that is not one number (reduce it with tf.mean, or say 'as tf.Scalar' where TypeScript cannot tell). A step that returns nothing leaves the weights alone for that batch.";
  readonly code = StepWithoutLoss.code;

  /** @param returned what it returns and what to do about it */
  constructor(node: Node, method: string, returned: string) {
    super(placeOf(node), `${method} returns ${returned}`);
  }
}
