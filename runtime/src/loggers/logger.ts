/** How a run ended. */
export type RunStatus = 'success' | 'failed' | 'interrupted';

/** Where checkpoints of a run lie, as its ModelCheckpoint knows. */
export interface SavedCheckpoints {
  readonly bestModelPath: string;
  readonly lastModelPath: string;
}

/**
 * Takes what a run logs. Calls return at once; a logger that sends things away does so on its own time, and `finalize`
 * is its last call.
 */
export abstract class Logger {
  /** Name of the experiment. */
  abstract readonly name: string;
  /** Which run of the experiment this is. */
  abstract readonly version: number | string;

  /** Folder for the files of this run; undefined when the logger has none. */
  get logDir(): string | undefined {
    return undefined;
  }

  abstract logHyperparams(params: Readonly<Record<string, unknown>>): void;

  /** @param step where the values stand on the x-axis: optimizer steps, unless the module logs a `step` of its own */
  abstract logMetrics(metrics: Readonly<Record<string, number>>, step: number): void;

  /** Shows the model's structure, where the logger can. */
  logGraph?(module: unknown): void;

  /** Called after each checkpoint. */
  afterSaveCheckpoint?(checkpoints: SavedCheckpoints): void;

  /** Writes what is still in memory. */
  save(): void {}

  /** The run is over. */
  finalize(_status: RunStatus): void {
    this.save();
  }
}
