/** Thrown out of `fit` and its like when a signal asked to stop: the running batch was finished and state saved. */
export class Interruption extends Error {
  override readonly name = 'Interruption';
  /** Where the run can be resumed from, if a checkpoint was written. */
  checkpointPath: string | undefined;

  constructor(readonly signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
  }

  /** What a shell expects of a program that a signal ended. */
  get exitCode(): number {
    return this.signal === 'SIGTERM' ? 143 : 130;
  }
}

/** Listens for Ctrl-C and SIGTERM while a run is under way; the second signal ends the process at once. */
export class InterruptionWatch {
  #signal: NodeJS.Signals | undefined;
  readonly #onSignal = (signal: NodeJS.Signals) => {
    if (this.#signal !== undefined) process.exit(new Interruption(signal).exitCode);
    this.#signal = signal;
    process.stderr.write(`\n${signal}: finishing the running batch; once more to quit at once\n`);
  };

  start(): void {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  stop(): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }

  /** What was asked for, if anything. */
  get signal(): NodeJS.Signals | undefined {
    return this.#signal;
  }
}
