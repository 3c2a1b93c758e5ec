import { PLError } from '../errors/pl-error.js';
import type { LightningModule } from '../module/lightning-module.js';
import { gradOf } from '../optim/gradients.js';
import type * as tf from '../tf.js';

/** Whether any of the parameters has a gradient, or there are none that could. */
export function hasGradients(params: Iterable<tf.Variable>): boolean {
  let isEmpty = true;
  for (const param of params) {
    if (gradOf(param) !== undefined) return true;
    isEmpty = false;
  }
  return isEmpty;
}

export function unreachedParameters(module: object): PLError {
  return new PLError(
    'PL5034',
    `the loss of ${module.constructor.name} does not depend on any of its parameters.`,
    {
      hint: 'Compute it from the parameters that the optimizer got, with tensor operations all the way.',
    },
  );
}

/** Notices weights that a model gets while it trains, which the optimizer never saw. */
export class WeightsCheck {
  readonly #known: number;

  constructor(private readonly model: LightningModule) {
    this.#known = model.stateDict().size;
  }

  /** @throws PLError PL5008 when layers were built by being used */
  check(): void {
    const now = this.model.stateDict().size;
    if (now === this.#known) return;
    throw new PLError(
      'PL5008',
      `${this.model.constructor.name} got new weights during its first training step (it had ${this.#known} variables, now ${now}), which the optimizer does not know.`,
      { hint: 'Build every layer in the constructor: give inputShape, or call layer.build(shape).' },
    );
  }
}

export function emptyTrainingData(): PLError {
  return new PLError('PL5036', 'the training data has no batches.', {
    hint: 'Look at the dataset, at batchSize with dropLast, and at the split that it comes from.',
  });
}
