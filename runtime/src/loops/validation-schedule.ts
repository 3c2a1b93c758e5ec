import { parseDuration } from '../trainer/duration.js';
import type { ResolvedTrainerConfig } from '../trainer/options.js';
import type { FitProgress } from './progress.js';

/**
 * When a fit validates: after every `interval` batches, counted within the epoch, or across epochs when
 * `checkValEveryNEpoch` is null; or after so many seconds without validation.
 */
export class ValidationSchedule {
  readonly #interval: number;
  readonly #seconds: number | undefined;
  readonly #everyNEpochs: number | null;

  /**
   * @param batchesPerEpoch number of training batches, undefined for a loader without length
   */
  constructor(
    config: Pick<ResolvedTrainerConfig, 'valCheckInterval' | 'checkValEveryNEpoch'>,
    batchesPerEpoch: number | undefined,
  ) {
    const { valCheckInterval, checkValEveryNEpoch } = config;
    this.#everyNEpochs = checkValEveryNEpoch;
    this.#interval = Number.POSITIVE_INFINITY;
    if (valCheckInterval === null) this.#interval = batchesPerEpoch ?? Number.POSITIVE_INFINITY;
    else if (typeof valCheckInterval !== 'number') this.#seconds = parseDuration(valCheckInterval);
    else if (valCheckInterval >= 1) this.#interval = valCheckInterval;
    else
      this.#interval = Math.max(
        1,
        Math.floor((batchesPerEpoch ?? Number.POSITIVE_INFINITY) * valCheckInterval),
      );
  }

  /** Whether the time since the last validation decides. */
  get goesByTime(): boolean {
    return this.#seconds !== undefined;
  }

  /**
   * Whether validation follows the last batch that `progress` counts.
   *
   * @param elapsed seconds since the last validation
   */
  isDue(progress: FitProgress, lastOfEpoch: boolean, elapsed: number): boolean {
    if (this.#everyNEpochs !== null && (progress.epoch + 1) % this.#everyNEpochs !== 0) return false;
    if (this.#seconds !== undefined) return elapsed >= this.#seconds;
    if (this.#interval === Number.POSITIVE_INFINITY) return lastOfEpoch;
    const count = this.#everyNEpochs === null ? progress.totalBatches : progress.batches;
    return count % this.#interval === 0;
  }
}
