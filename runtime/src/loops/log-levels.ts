import type { HookName } from '../hooks/signatures.js';

/** What `log` records in a hook when it is not told. */
export interface LogLevels {
  readonly onStep: boolean;
  readonly onEpoch: boolean;
  /** Whether the hook belongs to a batch. Where there is none, values are the epoch's and cannot be a step's. */
  readonly ofBatch: boolean;
}

const trainingBatch: LogLevels = { onStep: true, onEpoch: false, ofBatch: true };
const evaluationBatch: LogLevels = { onStep: false, onEpoch: true, ofBatch: true };
const epoch: LogLevels = { onStep: false, onEpoch: true, ofBatch: false };

/** The hooks in which `log` is allowed. */
export const logLevels: { readonly [Hook in HookName]?: LogLevels } = {
  on_train_start: epoch,
  on_train_epoch_start: epoch,
  on_train_batch_start: trainingBatch,
  optimizer_step: trainingBatch,
  training_step: trainingBatch,
  on_before_zero_grad: trainingBatch,
  optimizer_zero_grad: trainingBatch,
  on_before_backward: trainingBatch,
  backward: trainingBatch,
  on_after_backward: trainingBatch,
  on_before_optimizer_step: trainingBatch,
  configure_gradient_clipping: trainingBatch,
  on_train_batch_end: trainingBatch,
  training_epoch_end: epoch,
  on_train_epoch_end: epoch,

  on_validation_start: epoch,
  on_validation_epoch_start: epoch,
  on_validation_batch_start: evaluationBatch,
  validation_step: evaluationBatch,
  on_validation_batch_end: evaluationBatch,
  validation_epoch_end: epoch,
  on_validation_epoch_end: epoch,

  on_test_start: epoch,
  on_test_epoch_start: epoch,
  on_test_batch_start: evaluationBatch,
  test_step: evaluationBatch,
  on_test_batch_end: evaluationBatch,
  test_epoch_end: epoch,
  on_test_epoch_end: epoch,
};
