/** How far a fit has come. Plain JSON: a checkpoint keeps it, and a resumed run goes on from it. */
export interface FitProgress {
  /** The running epoch, from 0; after training the number of epochs that ran. */
  epoch: number;
  /** Batches done in the running epoch. */
  batches: number;
  /** Optimizer steps taken. */
  globalStep: number;
  /** Batches after which an optimizer stepped: the loggers' axis. */
  batchesThatStepped: number;
  /** Where on that axis the last batch, the validation after it and the epoch's end are logged. */
  logStep: number;
  /** Batches done in all epochs. */
  totalBatches: number;
  /** Whether the validation that was due after the last batch has run. */
  validated: boolean;
  /** Whether everything that follows a batch has happened after the last one. */
  batchDone: boolean;
  /** Whether the running epoch's end was reached: a checkpoint made there resumes with the next epoch. */
  epochEnded: boolean;
}

export function initialProgress(): FitProgress {
  return {
    epoch: 0,
    batches: 0,
    globalStep: 0,
    batchesThatStepped: 0,
    logStep: 0,
    totalBatches: 0,
    validated: true,
    batchDone: true,
    epochEnded: false,
  };
}

/** Where a resumed run begins, given the progress that its checkpoint holds. */
export function resumedProgress(saved: FitProgress): FitProgress {
  return saved.epochEnded ? startOfEpoch(saved, saved.epoch + 1) : { ...saved };
}

/** The progress at the beginning of an epoch. */
export function startOfEpoch(progress: FitProgress, epoch: number): FitProgress {
  return { ...progress, epoch, batches: 0, validated: true, batchDone: true, epochEnded: false };
}
