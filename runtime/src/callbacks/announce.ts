import type { Trainer } from '../trainer/trainer.js';
import { ProgressBar } from './progress-bar.js';

/** Writes a line about the run: above the progress bar where there is one, else to stderr. */
export function announce(trainer: Trainer, line: string): void {
  const bar = trainer.callbacks.find((callback) => callback instanceof ProgressBar);
  if (bar === undefined) process.stderr.write(`${line}\n`);
  else bar.print(line);
}
