import { PLError } from '../../errors/pl-error.js';
import type { Optimizer } from '../optimizer.js';
import { LRScheduler } from './lr-scheduler.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';
import { type LRSchedulerState, misfit } from './scheduler-state.js';

/**
 * Checks the schedulers that another one holds: at least one, of one optimizer, none that needs a metric.
 *
 * @param optimizer the one they must have; the first one's when undefined.
 * @returns the first one.
 * @throws PLError PL7208
 */
export function checkMembers(
  type: string,
  optimizer: Optimizer | undefined,
  schedulers: readonly LRScheduler[],
): LRScheduler {
  if (!Array.isArray(schedulers) || schedulers.length === 0) {
    throw new PLError('PL7208', `${type} needs a list of at least one scheduler`);
  }
  const wanted = optimizer ?? schedulers[0].optimizer;
  schedulers.forEach((scheduler: unknown, i) => {
    if (!(scheduler instanceof LRScheduler)) {
      throw new PLError(
        'PL7208',
        `${type}: entry ${i} of its schedulers is a ${typeof scheduler}, not a scheduler`,
      );
    }
    if (scheduler instanceof ReduceLROnPlateau) {
      throw new PLError(
        'PL7208',
        `${type} cannot hold ReduceLROnPlateau, which needs a metric at every step`,
        {
          hint: 'Return it from configure_optimizers as a scheduler of its own, with its monitor.',
        },
      );
    }
    if (scheduler.optimizer !== wanted) {
      throw new PLError('PL7208', `${type}: scheduler ${i} (${scheduler.type}) belongs to another optimizer`);
    }
  });
  return schedulers[0];
}

export function memberStates(schedulers: readonly LRScheduler[]): LRSchedulerState[] {
  return schedulers.map((scheduler) => scheduler.stateDict());
}

/**
 * @returns what puts the members' saved states in force.
 * @throws PLError PL7203
 */
export function checkMemberStates(
  type: string,
  state: LRSchedulerState,
  schedulers: readonly LRScheduler[],
): () => void {
  const saved = state.schedulers;
  if (!Array.isArray(saved) || saved.length !== schedulers.length) {
    const got = Array.isArray(saved) ? `states of ${saved.length} schedulers` : 'no states of schedulers';
    throw misfit(type, `it has ${got}, wanted ${schedulers.length}`);
  }
  const adopt = schedulers.map((scheduler, i) => scheduler.checkState(saved[i]));
  return () => {
    for (const put of adopt) put();
  };
}
