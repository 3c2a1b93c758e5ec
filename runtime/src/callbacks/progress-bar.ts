import { Hook } from '../hooks/decorators.js';
import type { Trainer } from '../trainer/trainer.js';
import { Callback } from './callback.js';

/** First line of progress an epoch. */
export class ProgressBar extends Callback {
  /** Writes a line without disturbing the bar. */
  print(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  @Hook('on_train_epoch_end')
  epochEnd(trainer: Trainer): void {
    const metrics = Object.entries(trainer.progressBarMetrics).map(
      ([name, v]) => `${name}=${Number(v.toPrecision(4))}`,
    );
    this.print(`Epoch ${trainer.currentEpoch + 1} ${metrics.join(' ')}`);
  }
}
