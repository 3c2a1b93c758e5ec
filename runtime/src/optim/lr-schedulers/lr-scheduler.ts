import { PLError } from '../../errors/pl-error.js';
import { Optimizer } from '../optimizer.js';
import { integerIn, type LRSchedulerState, misfit, numbersIn, stateOfType } from './scheduler-state.js';

/**
 * How far below 0 rounding may take a rate that should be 0, for example LinearLR's with `endFactor: 0`. Such a rate is
 * set to 0, as is -0: optimizers refuse negative rates of checkpoints, and JSON knows no -0.
 */
const roundingError = 1e-12;

/**
 * What changes an optimizer's learning rates during training. Schedulers work on `lr` of the optimizer's param
 * groups; a checkpoint holds the rates with the optimizer's state and how the schedule goes on with the scheduler's.
 *
 * For a schedule of your own extend {@link EpochLR}.
 */
export abstract class LRScheduler {
  /** The number of the last step; the schedule's first rates are those of step 0. */
  lastEpoch = -1;
  protected lastLr: number[];
  protected readonly groupCount: number;

  /** @throws PLError PL7209 when `optimizer` is none. */
  protected constructor(
    /** The name in checkpoints and errors. */
    readonly type: string,
    readonly optimizer: Optimizer,
  ) {
    if (!(optimizer instanceof Optimizer)) {
      throw new PLError(
        'PL7209',
        `${type} needs an optimizer, got ${optimizer === null ? 'null' : typeof optimizer}`,
        {
          hint: `Make the optimizer first and pass it: new ${type}(optimizer, { ... }).`,
        },
      );
    }
    this.groupCount = optimizer.paramGroups.length;
    this.lastLr = optimizer.paramGroups.map(({ lr }) => lr);
  }

  /**
   * Sets the next learning rates. Call it after the optimizer's step, or at the end of an epoch.
   *
   * @param metric what ReduceLROnPlateau watches; other schedules do not take one.
   */
  abstract step(metric?: number): void;

  /** Goes back to before step 0 without changing any rate. */
  abstract rewind(): void;

  /** Takes step 0 again, from the rates that the groups began with. */
  restart(): void {
    for (const group of this.optimizer.paramGroups) group.lr = group.initialLr;
    this.rewind();
    this.step();
  }

  /** The rates that the last step gave, one for each param group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** How the schedule goes on, as JSON. The rates themselves are in the optimizer's state. */
  stateDict(): LRSchedulerState {
    return { type: this.type, lastEpoch: this.lastEpoch, lastLr: [...this.lastLr] };
  }

  /**
   * Takes over a state that `stateDict` gave, options included. Load the optimizer's state too: the schedule then
   * goes on with exactly the rates that it would have had without the interruption.
   *
   * @throws PLError PL7203 when the state belongs to another scheduler or another number of groups; nothing changes.
   */
  loadStateDict(state: LRSchedulerState): void {
    this.checkState(state)();
  }

  /**
   * The first half of `loadStateDict`, for schedulers that hold others.
   *
   * @returns the second half, which puts the checked state in force.
   * @throws PLError PL7203 as `loadStateDict`.
   */
  checkState(state: unknown): () => void {
    const saved = stateOfType(this.type, state);
    const lastEpoch = integerIn(this.type, saved, 'lastEpoch');
    const lastLr = numbersIn(this.type, saved, 'lastLr');
    if (lastLr.length < this.groupCount) {
      throw misfit(this.type, `it has rates for ${lastLr.length} param groups, wanted ${this.groupCount}`);
    }
    return () => {
      this.lastEpoch = lastEpoch;
      this.lastLr = lastLr;
    };
  }

  /** Puts one rate into each group; groups beyond the list's end keep theirs. */
  protected setRates(rates: readonly number[]): void {
    const { paramGroups } = this.optimizer;
    rates.forEach((lr, i) => {
      paramGroups[i]!.lr = lr <= 0 && lr > -roundingError ? 0 : lr;
    });
    this.lastLr = paramGroups.map(({ lr }) => lr);
  }
}
