import { LRScheduler } from './lr-scheduler.js';
import { checkMemberStates, checkMembers, memberStates } from './scheduler-members.js';
import type { LRSchedulerState } from './scheduler-state.js';

/**
 * Several schedules at once: each step is a step of all of them, in order, each going on from the rates that the one
 * before it gave. Schedules that compute their rates from the groups' own (LambdaLR, OneCycleLR, CyclicLR,
 * CosineAnnealingWarmRestarts) replace what came before them. Source: torch.optim.lr_scheduler.ChainedScheduler.
 */
export class ChainedScheduler extends LRScheduler {
  readonly schedulers: readonly LRScheduler[];

  /** @throws PLError PL7208 when the list is empty or its schedulers cannot be chained. */
  constructor(schedulers: readonly LRScheduler[]) {
    const first = checkMembers('ChainedScheduler', undefined, schedulers);
    super('ChainedScheduler', first.optimizer);
    this.schedulers = [...schedulers];
    this.lastEpoch = 0;
  }

  override step(): void {
    this.lastEpoch += 1;
    for (const scheduler of this.schedulers) scheduler.step();
    this.lastLr = this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  override rewind(): void {
    this.lastEpoch = -1;
    for (const scheduler of this.schedulers) scheduler.rewind();
  }

  override stateDict(): LRSchedulerState {
    return { ...super.stateDict(), schedulers: memberStates(this.schedulers) };
  }

  override checkState(state: unknown): () => void {
    const adopt = super.checkState(state);
    const adoptMembers = checkMemberStates(this.type, state as LRSchedulerState, this.schedulers);
    return () => {
      adopt();
      adoptMembers();
    };
  }
}
