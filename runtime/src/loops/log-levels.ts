import { PLError } from '../errors/pl-error.js';
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

/** What `log` records in a hook; undefined where it is not allowed. */
export function levelsOf(hook: string): LogLevels | undefined {
  return Object.hasOwn(logLevels, hook) ? logLevels[hook as HookName] : undefined;
}

/** The error for `log` in a hook that is not among them. @param where such as `in setup` */
export function nothingMeasured(name: string, where: string): PLError {
  return new PLError('PL5002', `log('${name}') was called where nothing is measured: ${where}.`, {
    hint: 'Call it from a step, or from another hook of the batches and epochs of training, validation or test.',
  });
}

/** Fills in a hook's defaults. @throws PLError PL5003 for levels that the hook does not have */
export function resolveLevels(
  name: string,
  options: { readonly onStep?: boolean; readonly onEpoch?: boolean },
  hook: string,
  levels: LogLevels,
): Pick<LogLevels, 'onStep' | 'onEpoch'> {
  const { onStep = levels.onStep, onEpoch = levels.onEpoch } = options;
  if (!levels.ofBatch && (onStep || !onEpoch)) {
    const option = onStep ? 'onStep: true' : 'onEpoch: false';
    throw new PLError('PL5003', `log('${name}', …, { ${option} }) was called in ${hook}.`, {
      hint: 'There is no step there, only the epoch: leave onStep and onEpoch out.',
    });
  }
  if (!onStep && !onEpoch) {
    throw new PLError('PL5003', `log('${name}', …, { onStep: false, onEpoch: false }) records nothing.`, {
      hint: 'Set one of them, or leave both out.',
    });
  }
  return { onStep, onEpoch };
}
