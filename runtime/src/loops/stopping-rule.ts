import type { ResolvedTrainerConfig } from '../trainer/options.js';
import type { FitProgress } from './progress.js';

/** When a fit ends: limits of epochs and steps, and requests to stop early, which wait for the minimums. */
export class StoppingRule {
  readonly maxEpochs: number;
  readonly maxSteps: number;
  readonly #minEpochs: number;
  readonly #minSteps: number;

  constructor(
    config: Pick<ResolvedTrainerConfig, 'maxEpochs' | 'maxSteps' | 'maxTime' | 'minEpochs' | 'minSteps'>,
  ) {
    this.maxSteps = config.maxSteps === -1 ? Number.POSITIVE_INFINITY : config.maxSteps;
    const maxEpochs = config.maxEpochs ?? (config.maxSteps === -1 && config.maxTime === null ? 1000 : -1);
    this.maxEpochs = maxEpochs === -1 ? Number.POSITIVE_INFINITY : maxEpochs;
    this.#minEpochs = config.minEpochs ?? 0;
    this.#minSteps = config.minSteps ?? 0;
  }

  /** Whether a request to stop may be granted now. */
  mayStopEarly({ epoch, globalStep }: FitProgress): boolean {
    return epoch >= this.#minEpochs && globalStep >= this.#minSteps;
  }

  /** Whether no further epoch is to be started. */
  done({ epoch, globalStep }: FitProgress): boolean {
    return epoch >= this.maxEpochs || globalStep >= this.maxSteps;
  }
}
