import type { CallbackList } from '../callbacks/callback-list.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { PrecisionPlugin } from '../precision/precision-plugin.js';
import type { Strategy } from '../strategies/strategy.js';
import type { ResolvedTrainerConfig } from '../trainer/options.js';
import type { TrainerState } from '../trainer/state.js';
import type { Metrics, Results } from './results.js';

/** What the loops need of the trainer that runs them. */
export interface LoopHost {
  readonly config: ResolvedTrainerConfig;
  readonly callbacks: CallbackList;
  readonly module: LightningModule;
  readonly state: TrainerState;
  readonly strategy: Strategy;
  readonly precision: PrecisionPlugin;
  /** Where the module's `log` goes. */
  results: Results;
  /** Set by callbacks or hooks to end training after the running batch. */
  shouldStop: boolean;
  /** The latest value of every metric, by name. */
  readonly metrics: Readonly<Metrics>;
  /** Keeps the current values of `results` for callbacks, loggers and the progress bar. */
  publish(): void;
  /** Hands metrics and the epoch to the loggers, at `step` unless the module logs a metric of that name. */
  logMetrics(metrics: Metrics | undefined, step: number): void;
  /** Hands the metrics of an evaluation's batch to the loggers, at the batch's number. */
  logBatchMetrics(metrics: Metrics | undefined, batch: number): void;
  /** Says something that may be a mistake, on one line and once. */
  warn(line: string): void;
  /** Logs the norms of the gradients, where the settings ask for it. */
  logGradNorms(): void;
  /** Now and then, something to wait for: signals and timers have their turn, which steps without waiting would not leave them. */
  pause(): Promise<void> | undefined;
  /** Makes `shouldStop` and the user's wish to stop the same in all processes of the run. */
  agreeOnStop(): void;
  /** Throws when the user asked to stop. */
  checkInterrupt(): void;
}
