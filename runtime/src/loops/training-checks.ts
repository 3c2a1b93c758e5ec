import { PLError } from '../errors/pl-error.js';
import type { LightningModule } from '../module/lightning-module.js';
import { gradOf } from '../optim/gradients.js';
import type { Strategy } from '../strategies/strategy.js';
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

/** @param length batches of this process in an epoch; undefined where nobody knows */
export function requireSameLength(strategy: Strategy, length: number | undefined): void {
  const lengths = strategy.gatherObjects(length);
  if (lengths.every((other) => other === lengths[0])) return;
  const shown = lengths.map((other, rank) => `rank ${rank} has ${other ?? 'an unknown number of'} batches`);
  throw new PLError('PL8008', `the training data differs in length between ranks: ${shown.join(', ')}.`, {
    hint: 'Leave trainer.useDistributedSampler on, or give every rank the same number of batches.',
  });
}

/** Data without length may end in one process before it does in another, which then waits for a step that never comes. */
export function requireSameEnd(strategy: Strategy, ends: boolean, batchIdx: number): void {
  const places = strategy.gatherObjects({ ends, batches: batchIdx + 1 });
  if (places.every((place) => place.ends === places[0]!.ends)) return;
  const ranks = (end: boolean) =>
    places.flatMap((place, rank) => (place.ends === end ? [rank] : [])).join(', ');
  const batches = Math.min(...places.filter((place) => place.ends).map((place) => place.batches));
  throw new PLError(
    'PL8008',
    `the training data of rank ${ranks(true)} ends after ${batches} batches, that of rank ${ranks(false)} goes on.`,
    {
      hint: 'Give every rank the same number of batches: set trainer.limitTrainBatches, or divide the data evenly.',
    },
  );
}

export function emptyTrainingData(): PLError {
  return new PLError('PL5036', 'the training data has no batches.', {
    hint: 'Look at the dataset, at batchSize with dropLast, and at the split that it comes from.',
  });
}
