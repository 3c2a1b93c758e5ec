import type { BarState } from './bar-text.js';

/** Weight of the newest pace against the ones before it. */
const smoothing = 0.3;

/** Counts and times one pass over some data. */
export class PassClock {
  done: number;
  readonly #began: number;
  readonly #doneBefore: number;
  #measuredAt: number;
  #measuredDone: number;
  #rate: number | undefined;
  /** Milliseconds that something else took. */
  #skipped = 0;

  /**
   * @param total batches there are, Infinity where nobody knows
   * @param done batches that were done before this clock began
   * @param began when the first batch began, in milliseconds of `performance.now()`
   */
  constructor(
    readonly label: string,
    readonly total: number,
    done = 0,
    began = performance.now(),
  ) {
    this.done = done;
    this.#doneBefore = done;
    this.#measuredDone = done;
    this.#began = began;
    this.#measuredAt = began;
  }

  /** The state now; the rate is a moving average over the times between calls. */
  state(metrics: BarState['metrics']): BarState {
    const now = performance.now();
    const batches = this.done - this.#measuredDone;
    if (batches > 0 && now > this.#measuredAt) {
      const rate = (batches * 1000) / (now - this.#measuredAt);
      this.#rate = this.#rate === undefined ? rate : smoothing * rate + (1 - smoothing) * this.#rate;
      this.#measuredAt = now;
      this.#measuredDone = this.done;
    }
    return this.#state(now, this.#rate, metrics);
  }

  /** Leaves the time since the last call of `state` out of the rate: something else took it. */
  skip(): void {
    const now = performance.now();
    this.#skipped += now - this.#measuredAt;
    this.#measuredAt = now;
    this.#measuredDone = this.done;
  }

  /** The state at the end; the rate is that of the whole pass, without what was skipped. */
  result(metrics: BarState['metrics']): BarState {
    const now = performance.now();
    const batches = this.done - this.#doneBefore;
    const taken = now - this.#began - this.#skipped;
    return this.#state(now, taken > 0 ? (batches * 1000) / taken : undefined, metrics);
  }

  #state(now: number, rate: number | undefined, metrics: BarState['metrics']): BarState {
    const { label, done, total } = this;
    return { label, done, total, seconds: (now - this.#began) / 1000, rate, metrics };
  }
}
