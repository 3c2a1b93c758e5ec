import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Callback } from '../callbacks/callback.js';
import { writeAtomicallySync } from '../checkpoint/write-atomically.js';
import { Hook } from '../hooks/decorators.js';
import { unwritable } from '../loggers/run-folder.js';
import type { Trainer } from '../trainer/trainer.js';

/** Keeps the resolved configuration beside a run's logs, so that `--config <that file>` repeats the run. */
export class SaveConfig extends Callback {
  override readonly rankZeroOnly = true;
  readonly #config: object;

  constructor(config: object) {
    super();
    this.#config = config;
  }

  @Hook('on_fit_start')
  write(trainer: Trainer): void {
    const folder = trainer.logger?.logDir;
    if (folder === undefined) return;
    const path = join(folder, 'config.json');
    // A logger that goes on in an earlier run's folder leaves that run's configuration alone.
    if (existsSync(path)) return;
    try {
      writeAtomicallySync(path, [Buffer.from(`${JSON.stringify(this.#config, undefined, 2)}\n`)]);
    } catch (error) {
      throw unwritable(path, error);
    }
  }
}
