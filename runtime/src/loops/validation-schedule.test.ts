import { describe, expect, it } from 'vitest';
import { initialProgress } from './progress.js';
import { ValidationSchedule } from './validation-schedule.js';

/** Batches (counted over all epochs, from 1) after which validation is due. */
function dueAfter(
  config: ConstructorParameters<typeof ValidationSchedule>[0],
  length: number | undefined,
  { epochs = 2, batches = length ?? 4 } = {},
): number[] {
  const schedule = new ValidationSchedule(config, length);
  const due: number[] = [];
  const progress = initialProgress();
  for (progress.epoch = 0; progress.epoch < epochs; progress.epoch++) {
    for (progress.batches = 1; progress.batches <= batches; progress.batches++) {
      progress.totalBatches++;
      // A batch takes a second.
      if (schedule.isDue(progress, progress.batches === batches, progress.totalBatches - (due.at(-1) ?? 0)))
        due.push(progress.totalBatches);
    }
  }
  return due;
}

describe('ValidationSchedule', () => {
  it('validates at the end of every epoch by default', () => {
    expect(dueAfter({ valCheckInterval: null, checkValEveryNEpoch: 1 }, 4)).toEqual([4, 8]);
  });

  it('validates every n-th epoch', () => {
    expect(dueAfter({ valCheckInterval: null, checkValEveryNEpoch: 2 }, 3, { epochs: 4 })).toEqual([6, 12]);
  });

  it('takes a share of the epoch, or a count of batches that starts anew in each epoch', () => {
    expect(dueAfter({ valCheckInterval: 0.5, checkValEveryNEpoch: 1 }, 4)).toEqual([2, 4, 6, 8]);
    expect(dueAfter({ valCheckInterval: 2, checkValEveryNEpoch: 1 }, 5)).toEqual([2, 4, 7, 9]);
  });

  it('counts batches across epochs when asked to', () => {
    expect(dueAfter({ valCheckInterval: 4, checkValEveryNEpoch: null }, 3, { epochs: 3 })).toEqual([4, 8]);
  });

  it('validates when the last validation was so long ago, in the epochs that have one', () => {
    const valCheckInterval = { seconds: 3 };
    expect(dueAfter({ valCheckInterval, checkValEveryNEpoch: 1 }, 4)).toEqual([3, 6]);
    expect(dueAfter({ valCheckInterval: '00:00:00:03', checkValEveryNEpoch: null }, 4)).toEqual([3, 6]);
    expect(dueAfter({ valCheckInterval, checkValEveryNEpoch: 2 }, 4)).toEqual([5, 8]);
    expect(dueAfter({ valCheckInterval: '00:00:01:00', checkValEveryNEpoch: 1 }, 4)).toEqual([]);
  });

  it('waits for the last batch of data without length', () => {
    expect(dueAfter({ valCheckInterval: null, checkValEveryNEpoch: 1 }, undefined)).toEqual([4, 8]);
  });
});
