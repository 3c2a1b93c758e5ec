import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeAtomicallySync } from '../checkpoint/write-atomically.js';
import { PLError } from '../errors/pl-error.js';
import { Logger, type RunStatus } from './logger.js';
import { MetricsFile } from './metrics-file.js';
import { claimVersion, makeLogFolder, removeEmptyFolders, unwritable } from './run-folder.js';

export interface CSVLoggerOptions {
  /** Folder for all experiments. Default the current one. */
  saveDir?: string;
  /** Name of the experiment, a folder in `saveDir`; '' for none. Default `lightning_logs`. */
  name?: string;
  /** A number makes the folder `version_<n>`, text is the folder's name. Default: one more than there is. */
  version?: number | string;
  /** Rows stay in memory for up to this many steps. Default 100. */
  flushEveryNSteps?: number;
}

/**
 * Writes metrics to `<saveDir>/<name>/version_<n>/metrics.csv` and hyperparameters to `hparams.yaml` beside it. The folder is
 * made when something is written, or when its name is asked for, because only then the name is this run's own. In the
 * folder of an earlier run, rows are added to those that are there.
 */
export class CSVLogger extends Logger {
  readonly name: string;
  readonly #root: string;
  readonly #flushEveryNSteps: number;
  #version: number | string | undefined;
  /** Whether this logger made the version's folder itself. */
  #claimed = false;
  #hparams: Record<string, unknown> = {};
  #hparamsChanged = false;
  #metrics: MetricsFile | undefined;
  #flushedAt = 0;
  #failed = false;

  /** Throws PL5402 when flushEveryNSteps is no integer above 0 or `version` a number that is none. */
  constructor({
    saveDir = '.',
    name = 'lightning_logs',
    version,
    flushEveryNSteps = 100,
  }: CSVLoggerOptions = {}) {
    super();
    if (!Number.isInteger(flushEveryNSteps) || flushEveryNSteps < 1) {
      throw new PLError(
        'PL5402',
        `flushEveryNSteps is ${String(flushEveryNSteps)}, wanted an integer above 0`,
        {
          hint: 'Leave it out to write every 100 steps.',
        },
      );
    }
    if (typeof version === 'number' && !(Number.isInteger(version) && version >= 0)) {
      throw new PLError('PL5402', `version is ${version}, wanted an integer of 0 or more, or text`, {
        hint: 'Leave it out to get the next free version.',
      });
    }
    this.name = name;
    this.#root = join(saveDir, name);
    this.#version = version;
    this.#flushEveryNSteps = flushEveryNSteps;
  }

  get version(): number | string {
    if (this.#version === undefined) {
      this.#version = claimVersion(this.#root);
      this.#claimed = true;
    }
    return this.#version;
  }

  override get logDir(): string {
    const { version } = this;
    return join(this.#root, typeof version === 'number' ? `version_${version}` : version);
  }

  override logHyperparams(params: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#hparams, params);
    this.#hparamsChanged = true;
  }

  override logMetrics(metrics: Readonly<Record<string, number>>, step: number): void {
    this.#metrics ??= this.#openMetrics();
    this.#metrics.add(metrics, step);
    if (Math.abs(step - this.#flushedAt) >= this.#flushEveryNSteps - 1) {
      this.#flushedAt = step + 1;
      this.save();
    }
  }

  override afterSaveCheckpoint(): void {
    this.save();
  }

  override save(): void {
    try {
      this.#metrics?.flush();
      if (this.#hparamsChanged) this.#writeHparams();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  override finalize(status: RunStatus): void {
    // What failed to be written made the run fail; it would hide that error to fail again.
    if (status === 'success' || !this.#failed) this.save();
    if (status !== 'success' && this.#claimed) this.#giveBack();
  }

  /** A run that failed before anything was written leaves no folder, and the next one gets its version. */
  #giveBack(): void {
    if (!removeEmptyFolders(this.logDir, this.#root)) return;
    this.#version = undefined;
    this.#claimed = false;
  }

  #openMetrics(): MetricsFile {
    makeLogFolder(this.logDir);
    return new MetricsFile(join(this.logDir, 'metrics.csv'));
  }

  #writeHparams(): void {
    const path = join(this.logDir, 'hparams.yaml');
    const text = stringify(this.#hparams, (_, value) => (isPlain(value) ? value : String(value)));
    try {
      writeAtomicallySync(path, [Buffer.from(text)]);
    } catch (error) {
      throw unwritable(path, error);
    }
    this.#hparamsChanged = false;
  }
}

/** Whether YAML can show a value as it is: no function, no class instance. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return typeof value !== 'function' && typeof value !== 'symbol';
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
