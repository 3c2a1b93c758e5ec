import { PLError } from '../errors/pl-error.js';
import type { ManualStepOutput, TrainingStepOutput } from '../hooks/signatures.js';
import * as tf from '../tf.js';
import { holdTensors } from './batch-stream.js';
import type { EpochOutputs } from './epoch-outputs.js';

/** What the running training step gave, with the tensors in it. */
export class StepOutputs {
  /** The step's record with `loss`, or an empty one. */
  record: { loss?: tf.Scalar; [name: string]: unknown } = {};
  #loss: tf.Scalar | undefined;
  /** Tensors besides the loss. */
  readonly #held: tf.Tensor[] = [];

  /**
   * Takes over what a step returned whose loss the trainer propagates.
   *
   * @returns the loss in it
   * @throws PLError PL5006 when it is neither a loss nor a record with one
   */
  take(output: TrainingStepOutput): tf.Scalar | undefined {
    this.record = {};
    if (output === undefined) return undefined;
    if (output instanceof tf.Tensor) {
      this.record = { loss: output };
      return output;
    }
    if (!isRecord(output) || output.loss === undefined) throw noLoss(output);
    this.record = { ...output };
    for (const name in output) if (name !== 'loss') this.#held.push(...holdTensors(output[name]));
    return output.loss;
  }

  /** Takes over what a step returned that propagates its loss itself. */
  takeAll(output: ManualStepOutput): void {
    if (output !== undefined && !isRecord(output)) throw noLoss(output);
    this.record = output instanceof tf.Tensor ? { loss: output } : { ...output };
    this.#held.push(...holdTensors(this.record));
  }

  /** The loss after the backward pass, kept; it belongs to this from here on. */
  set loss(loss: tf.Scalar | undefined) {
    this.#loss?.dispose();
    this.#loss = loss;
    if (loss !== undefined) this.record.loss = loss;
  }

  /** Hands everything on, where there is anything. */
  moveTo(epoch: EpochOutputs): void {
    if (Object.keys(this.record).length === 0) return;
    const held = this.#held.splice(0);
    if (this.#loss !== undefined) held.push(this.#loss);
    this.#loss = undefined;
    epoch.keep(this.record, 0, held);
  }

  free(): void {
    for (const tensor of this.#held) tensor.dispose();
    this.#held.length = 0;
    this.loss = undefined;
    this.record = {};
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise);
}

function noLoss(output: unknown): PLError {
  return new PLError(
    'PL5006',
    `the training step returned ${describe(output)}, wanted a scalar tensor or a record with one as 'loss'.`,
    {
      hint: 'Return the loss, or nothing to skip the batch. A training step is synchronous: no async, no await.',
    },
  );
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  if (isRecord(value)) return `a record with ${Object.keys(value).join(', ') || 'no keys'}`;
  return typeof value === 'string' ? `the text '${value}'` : `${value}`;
}
