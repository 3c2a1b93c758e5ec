import type { Metrics, MetricViews } from '../loops/results.js';

/** The latest values of everything that was logged, as callbacks, loggers and the progress bar see it. */
export class MetricBoard {
  callback: Metrics = {};
  logged: Metrics = {};
  progressBar: Metrics = {};

  update({ callback, logged, progressBar }: MetricViews): void {
    Object.assign(this.callback, callback);
    Object.assign(this.logged, logged);
    Object.assign(this.progressBar, progressBar);
  }

  clear(): void {
    this.callback = {};
    this.logged = {};
    this.progressBar = {};
  }
}
