import type { Metrics, MetricViews, Results } from '../loops/results.js';

/**
 * The latest values of everything that was logged, as callbacks, loggers and the progress bar see it. Whoever looks
 * sees what the running hook has logged so far, too.
 */
export class MetricBoard implements MetricViews {
  #kept: MetricViews = emptyViews();

  /** @param results what is being logged to while somebody looks, if anything is */
  constructor(private readonly results: () => Results | undefined) {}

  get callback(): Metrics {
    return this.#upToDate().callback;
  }

  get logged(): Metrics {
    return this.#upToDate().logged;
  }

  get progressBar(): Metrics {
    return this.#upToDate().progressBar;
  }

  /** Keeps the current values, before others take their place. */
  update(): void {
    this.#upToDate();
  }

  #upToDate(): MetricViews {
    this.results()?.show(this.#kept);
    return this.#kept;
  }

  clear(): void {
    this.#kept = emptyViews();
  }
}

function emptyViews(): MetricViews {
  return { callback: {}, logged: {}, progressBar: {} };
}
