import type { Trainer } from './trainer.js';

/** Says so when an epoch has fewer batches than lie between two steps that are logged. */
export function warnOfSparseLogs(trainer: Trainer): void {
  const { loggers, numTrainingBatches, config } = trainer;
  const { logEveryNSteps } = config;
  if (loggers.length === 0 || numTrainingBatches === 0 || numTrainingBatches >= logEveryNSteps) return;
  trainer.warn(
    `An epoch has ${numTrainingBatches} training batches, and every ${logEveryNSteps}th step is logged: most epochs log no step. Lower it with --trainer.logEveryNSteps ${numTrainingBatches}.`,
  );
}
