import type { Precision } from '../engines/autocast-engine.js';
import type { Optimizer } from '../optim/optimizer.js';
import type * as tf from '../tf.js';
import type { GradScalerState } from './grad-scaler.js';

/** What a precision needs of an optimizer around its steps. */
export type StepTarget = Pick<Optimizer, 'paramGroups' | 'zeroGrad'>;

/**
 * How a run computes, with what the loops have to do for it: the forward pass goes through `forward`, the backward pass
 * takes the gradients of `lossScale` times the loss, and before each step of an optimizer come
 *
 * 1. `unscale`, when the gradients of all processes are there, before hooks, norms and clipping look at them;
 * 2. `holdBack`, last of all.
 */
export interface PrecisionPlugin {
  readonly precision: Precision;
  /** What the loss is to be multiplied by before the backward pass; constant between two steps. */
  readonly lossScale: number;
  /** Steps that were held back so far. */
  readonly skippedSteps: number;
  /** Brings the model's variables into the type that they are kept in. */
  convert(variables: Iterable<tf.Variable>): void;
  /** @throws PLError PL8205 for an optimizer that cannot be used with this precision */
  checkOptimizer(optimizer: object): void;
  /** Runs a step of training, validation, test or prediction; of an asynchronous one, the part before it first waits. */
  forward<Result>(step: () => Result): Result;
  /** Makes the gradients those of the loss itself. */
  unscale(optimizer: StepTarget): void;
  /**
   * Empties the gradients if one of them is not finite, so that the optimizer's step changes neither parameters nor
   * state.
   *
   * @returns whether it did: then the step counts as skipped, and schedulers do not step either
   */
  holdBack(optimizer: StepTarget): boolean;
  /** For checkpoints; undefined where there is nothing to keep. */
  stateDict(): GradScalerState | undefined;
  loadStateDict(state: GradScalerState): void;
}
