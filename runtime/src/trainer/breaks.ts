import { setImmediate } from 'node:timers/promises';

/** Milliseconds without a break. */
const stretch = 50;

/**
 * Breaks for the event loop. Steps whose data is in memory wait for nothing, so that signals, timers and sockets would not
 * be served before the end of an epoch.
 */
export class Breaks {
  #lastAt = performance.now();

  /** A break to wait for, when it is time for one. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#lastAt < stretch) return undefined;
    return this.#take();
  }

  async #take(): Promise<void> {
    await setImmediate();
    this.#lastAt = performance.now();
  }
}
