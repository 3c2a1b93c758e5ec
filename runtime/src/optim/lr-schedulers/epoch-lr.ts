import { PLError } from '../../errors/pl-error.js';
import type { Optimizer, ParamGroup } from '../optimizer.js';
import { LRScheduler } from './lr-scheduler.js';
import { type ScheduleDefinition, type ScheduleInit, savedOptions, scheduleOptions } from './options.js';
import { integerIn, type LRSchedulerState, misfit, numbersIn } from './scheduler-state.js';

/** Groups whose `initialLr` a schedule has taken: the first schedule of a group decides what its rate began with. */
const scheduled = new WeakSet<ParamGroup>();

/**
 * A schedule whose rates follow from the number of its steps and from the rates before. `O` are its options, which
 * are JSON and travel with the state. A subclass gives the rates in `getLr` and calls `start` when it is made.
 *
 * @example
 * const every = { wanted: 'an integer of at least 1', accepts: (n: unknown) => Number.isInteger(n) && Number(n) > 0 };
 *
 * class HalvingLR extends EpochLR<{ every: number }> {
 *   constructor(optimizer: Optimizer, init: { every: number }) {
 *     super(optimizer, { type: 'HalvingLR', defaults: {}, rules: { every } }, init);
 *     this.start();
 *   }
 *
 *   protected override getLr() {
 *     return this.baseLrs.map((lr) => lr * 0.5 ** Math.floor(this.lastEpoch / this.options.every));
 *   }
 * }
 */
export abstract class EpochLR<O extends object> extends LRScheduler {
  protected options: O;
  /** The rate that each group began with. */
  protected baseLrs: number[] = [];
  /** Steps since this object was made, the first included. */
  protected stepCount = 0;
  readonly #definition: ScheduleDefinition<O>;

  /** @throws PLError PL7201 or PL7202 for wrong options, PL7209 when `optimizer` is none. */
  protected constructor(optimizer: Optimizer, definition: ScheduleDefinition<O>, init: ScheduleInit<O>) {
    super(definition.type, optimizer);
    const { lastEpoch = -1, ...given } = init ?? {};
    if (!Number.isInteger(lastEpoch) || lastEpoch < -1) {
      throw new PLError(
        'PL7201',
        `${this.type}: lastEpoch must be an integer of at least -1, got ${lastEpoch}`,
      );
    }
    this.#definition = definition;
    this.options = scheduleOptions(definition, given as unknown as Partial<O>, this.groupCount);
    this.lastEpoch = lastEpoch;
  }

  /** The rates of step `lastEpoch`, in the order of the groups. Groups beyond the list's end keep their rate. */
  protected abstract getLr(): number[];

  override step(): void {
    this.stepTo(this.lastEpoch + 1);
  }

  override rewind(): void {
    this.lastEpoch = -1;
    this.stepCount = 0;
  }

  override restart(): void {
    this.setRates(this.baseLrs);
    this.rewind();
    this.step();
  }

  override stateDict(): LRSchedulerState {
    const { stepCount, baseLrs, options } = this;
    return { ...super.stateDict(), stepCount, baseLrs: [...baseLrs], options: structuredClone(options) };
  }

  override checkState(state: unknown): () => void {
    const adopt = super.checkState(state);
    const saved = state as LRSchedulerState;
    const stepCount = integerIn(this.type, saved, 'stepCount');
    const baseLrs = numbersIn(this.type, saved, 'baseLrs');
    if (baseLrs.length !== this.groupCount) {
      throw misfit(
        this.type,
        `it is for ${baseLrs.length} param groups, the optimizer had ${this.groupCount}`,
      );
    }
    const options = savedOptions(this.#definition, saved, this.groupCount);
    return () => {
      adopt();
      this.stepCount = stepCount;
      this.baseLrs = baseLrs;
      this.options = options;
    };
  }

  /** Notes what the groups begin with and takes step 0: the last thing that a constructor does. */
  protected start(): void {
    for (const group of this.optimizer.paramGroups) {
      if (this.lastEpoch === -1 && !scheduled.has(group)) group.initialLr = group.lr;
      scheduled.add(group);
    }
    this.baseLrs = this.optimizer.paramGroups.map(({ initialLr }) => initialLr);
    this.step();
  }

  protected stepTo(epoch: number): void {
    this.lastEpoch = epoch;
    this.stepCount += 1;
    this.setRates(this.getLr());
  }

  /** The rates that are in force. */
  protected currentLrs(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }
}
