import type { TrainerFn } from '../hooks/signatures.js';

export type RunningStage = 'train' | 'sanity_check' | 'validate' | 'test' | 'predict';

/** What the trainer is doing right now. */
export interface TrainerState {
  status: 'initializing' | 'running' | 'finished' | 'interrupted';
  /** The call that runs: `fit`, `validate`, `test` or `predict`. */
  fn: TrainerFn | null;
  /** What that call is busy with: `fit` trains, checks its validation and validates. */
  stage: RunningStage | null;
}
