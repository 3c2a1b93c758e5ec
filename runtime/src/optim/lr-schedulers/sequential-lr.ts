import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { LRScheduler } from './lr-scheduler.js';
import { checkMemberStates, checkMembers, memberStates } from './scheduler-members.js';
import { type LRSchedulerState, misfit, numbersIn } from './scheduler-state.js';

export interface SequentialLRInit {
  /** One after the other, all of the same optimizer. */
  schedulers: readonly LRScheduler[];
  /** The steps at which the second and each further scheduler begin, each with its own step 0. */
  milestones: readonly number[];
}

/**
 * Schedules one after the other, for example a warm-up and then a decay. Source: torch.optim.lr_scheduler.SequentialLR.
 *
 * @example
 * new SequentialLR(optimizer, {
 *   schedulers: [
 *     new LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 }),
 *     new CosineAnnealingLR(optimizer, { tMax: 95 }),
 *   ],
 *   milestones: [5],
 * })
 */
export class SequentialLR extends LRScheduler {
  readonly schedulers: readonly LRScheduler[];
  #milestones: readonly number[];

  /** @throws PLError PL7208 for schedulers that cannot follow each other, or milestones that do not fit them. */
  constructor(optimizer: Optimizer, { schedulers, milestones }: SequentialLRInit) {
    super('SequentialLR', optimizer);
    checkMembers(this.type, optimizer, schedulers);
    const rising =
      Array.isArray(milestones) &&
      milestones.every((step, i) => Number.isInteger(step) && step > (i === 0 ? 0 : milestones[i - 1]));
    if (!rising || milestones.length !== schedulers.length - 1) {
      throw new PLError(
        'PL7208',
        `SequentialLR of ${schedulers.length} schedulers needs ${schedulers.length - 1} milestones, integers above 0 ` +
          `that rise, got ${JSON.stringify(milestones)}`,
      );
    }
    this.schedulers = [...schedulers];
    this.#milestones = [...milestones];
    this.restart();
  }

  override step(): void {
    this.lastEpoch += 1;
    const begun = this.#milestones.filter((milestone) => milestone <= this.lastEpoch).length;
    const scheduler = this.schedulers[begun]!;
    if (begun > 0 && this.#milestones[begun - 1] === this.lastEpoch) scheduler.restart();
    else scheduler.step();
    this.lastLr = scheduler.getLastLr();
  }

  override rewind(): void {
    this.lastEpoch = -1;
    for (const scheduler of this.schedulers) scheduler.rewind();
  }

  override stateDict(): LRSchedulerState {
    return {
      ...super.stateDict(),
      milestones: [...this.#milestones],
      schedulers: memberStates(this.schedulers),
    };
  }

  override checkState(state: unknown): () => void {
    const adopt = super.checkState(state);
    const saved = state as LRSchedulerState;
    const milestones = numbersIn(this.type, saved, 'milestones');
    if (milestones.length !== this.#milestones.length) {
      throw misfit(this.type, `it has ${milestones.length} milestones, wanted ${this.#milestones.length}`);
    }
    const adoptMembers = checkMemberStates(this.type, saved, this.schedulers);
    return () => {
      adopt();
      adoptMembers();
      this.#milestones = milestones;
    };
  }
}
