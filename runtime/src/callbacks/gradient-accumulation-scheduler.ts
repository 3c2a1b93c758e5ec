import { PLError } from '../errors/pl-error.js';
import { Hook } from '../hooks/decorators.js';
import type { Trainer } from '../trainer/trainer.js';
import { Callback } from './callback.js';

/**
 * Changes during training after how many batches the optimizer steps.
 *
 * @example
 * ```ts
 * // Every batch in the first four epochs, every 8 batches from the fifth on.
 * new GradientAccumulationScheduler({ 4: 8 })
 * ```
 */
export class GradientAccumulationScheduler extends Callback {
  /** Epoch from which on, and batches per step; the latest epoch first. */
  readonly #windows: readonly (readonly [epoch: number, batches: number])[];

  /** @param scheduling epoch, from 0 → batches per step @throws PLError PL5057 unless both are whole numbers */
  constructor(scheduling: Readonly<Record<number, number>>) {
    super();
    const windows = Object.entries(scheduling).map(([epoch, batches]) => [Number(epoch), batches] as const);
    const wrong = windows.find(([epoch, batches]) => !isWhole(epoch, 0) || !isWhole(batches, 1));
    if (windows.length === 0 || wrong !== undefined) {
      throw new PLError(
        'PL5057',
        `GradientAccumulationScheduler got ${JSON.stringify(scheduling)}; wanted epochs from 0, each with a number of batches from 1.`,
        { hint: '{ 4: 8 } steps after every 8 batches from the fifth epoch on.' },
      );
    }
    this.#windows = windows.sort(([a], [b]) => b - a);
  }

  /** Batches per optimizer step in an epoch. */
  batchesPerStep(epoch: number): number {
    return this.#windows.find(([from]) => from <= epoch)?.[1] ?? 1;
  }

  @Hook('setup')
  check({ config }: Trainer): void {
    if (config.accumulateGradBatches === 1) return;
    throw new PLError(
      'PL5057',
      `trainer.accumulateGradBatches is ${config.accumulateGradBatches} beside a GradientAccumulationScheduler.`,
      { hint: 'Leave the setting out: the scheduler decides.' },
    );
  }

  /** An epoch that is resumed in its middle begins with the training, not with an epoch's start. */
  @Hook('on_train_start')
  begin(trainer: Trainer): void {
    this.apply(trainer);
  }

  @Hook('on_train_epoch_start')
  apply({ config, currentEpoch }: Trainer): void {
    config.accumulateGradBatches = this.batchesPerStep(currentEpoch);
  }

  @Hook('on_fit_end')
  end({ config }: Trainer): void {
    config.accumulateGradBatches = 1;
  }

  @Hook('on_exception')
  fail(trainer: Trainer): void {
    this.end(trainer);
  }
}

const isWhole = (value: number, least: number) => Number.isInteger(value) && value >= least;
