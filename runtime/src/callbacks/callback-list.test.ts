import { describe, expect, it } from 'vitest';
import { Hook } from '../hooks/decorators.js';
import { Trainer } from '../trainer/trainer.js';
import { Callback } from './callback.js';
import { CallbackList } from './callback-list.js';
import { EarlyStopping } from './early-stopping.js';
import { ModelCheckpoint } from './model-checkpoint.js';
import { quiet, Scripted } from './scripted.test.support.js';

class Counting extends Callback {
  count = 0;

  @Hook('state_dict')
  state() {
    return { count: this.count };
  }

  @Hook('load_state_dict')
  loadState({ count }: Record<string, unknown>) {
    this.count = count as number;
  }
}

const listOf = (...callbacks: Callback[]) => new CallbackList(callbacks, new Trainer(quiet), new Scripted());

describe('CallbackList', () => {
  it('keeps the order that was given, but puts checkpoints last, so that they hold what the others came to', () => {
    const [saving, a, stopping, b] = [
      new ModelCheckpoint(),
      new Counting(),
      new EarlyStopping({ monitor: 'loss' }),
      new ModelCheckpoint({ everyNTrainSteps: 2 }),
    ];
    expect(listOf(saving, a, stopping, b).callbacks).toEqual([a, stopping, saving, b]);
  });

  it('hands every callback the state that it kept', () => {
    const counting = new Counting();
    counting.count = 3;
    const states = listOf(counting, new EarlyStopping({ monitor: 'loss' })).stateDict();
    const fresh = new Counting();
    listOf(fresh).loadStateDict(states);
    expect(fresh.count).toBe(3);
  });

  it('refuses two callbacks whose states would overwrite each other', () => {
    expect(() => listOf(new Counting(), new Counting())).toThrow(/as Counting/);
  });
});
