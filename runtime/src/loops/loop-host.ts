import type { CallbackList } from '../callbacks/callback-list.js';
import type { ResolvedTrainerConfig } from '../trainer/options.js';
import type { TrainerState } from '../trainer/state.js';
import type { MetricViews, Results } from './results.js';

/** What the loops need of the trainer that runs them. */
export interface LoopHost {
  readonly config: ResolvedTrainerConfig;
  readonly callbacks: CallbackList;
  readonly state: TrainerState;
  /** Where the module's `log` goes. */
  results: Results;
  /** Set by callbacks or hooks to end training after the running batch. */
  shouldStop: boolean;
  /** Makes metrics visible to callbacks and the progress bar, and hands them to the loggers where a step is given. */
  publish(views: MetricViews, loggerStep?: number): void;
  /** Throws when the user asked to stop. */
  checkInterrupt(): void;
}
