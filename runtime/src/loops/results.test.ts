import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import * as tf from '../tf.js';
import { type LogPhase, Results } from './results.js';

const resultsIn = (phase: LogPhase, batchSize = 1) => {
  const results = new Results();
  results.phase = phase;
  results.batchSize = () => batchSize;
  return results;
};

describe('Results', () => {
  it('logs training steps by step, everything else by epoch', () => {
    const train = resultsIn('train_batch');
    train.log('loss', 2);
    expect(train.stepViews(true).logged).toEqual({ loss: 2 });
    expect(train.epochViews().logged).toEqual({});

    const validation = resultsIn('evaluation_batch');
    validation.log('loss', 2);
    expect(validation.stepViews(false).logged).toEqual({});
    expect(validation.epochViews().logged).toEqual({ loss: 2 });
  });

  it('names step and epoch apart when both are asked for', () => {
    const results = resultsIn('train_batch');
    results.log('loss', 2, { onStep: true, onEpoch: true });
    results.log('loss', 4, { onStep: true, onEpoch: true });
    expect(results.stepViews(true)).toMatchObject({
      logged: { loss_step: 4 },
      callback: { loss: 4, loss_step: 4 },
    });
    expect(results.epochViews()).toMatchObject({
      logged: { loss_epoch: 3 },
      callback: { loss: 3, loss_epoch: 3 },
    });
  });

  it('weights the mean by batch size', () => {
    const results = resultsIn('evaluation_batch', 3);
    results.log('acc', 1);
    results.batchSize = () => 1;
    results.log('acc', 0);
    expect(results.epochViews().callback).toEqual({ acc: 0.75 });
  });

  it.each([
    ['sum', 6],
    ['min', 1],
    ['max', 3],
  ] as const)('reduces by %s', (reduceFx, expected) => {
    const results = resultsIn('evaluation_batch', 10);
    for (const value of [2, 1, 3]) results.log('x', value, { reduceFx });
    expect(results.epochViews().callback).toEqual({ x: expected });
  });

  it('reads tensors with one element, and no others', () => {
    const results = resultsIn('train_batch');
    results.log('loss', tf.scalar(0.5));
    expect(results.stepViews(true).logged).toEqual({ loss: 0.5 });
    expect(() => results.log('logits', tf.ones([2, 3]) as never)).toThrow(/tensor of shape \[2,3\]/);
  });

  it('suffixes names where several data loaders run', () => {
    const results = resultsIn('evaluation_batch');
    results.dataloaderIdx = 1;
    results.log('acc', 1);
    results.log('shared', 1, { addDataloaderIdx: false });
    expect(results.epochViews().callback).toEqual({ 'acc/dataloader_idx_1': 1, shared: 1 });
  });

  it('goes on accumulating from a saved state', () => {
    const first = resultsIn('train_batch');
    first.log('loss', 1, { onEpoch: true });
    const resumed = resultsIn('train_batch');
    resumed.loadState(JSON.parse(JSON.stringify(first.state())));
    resumed.log('loss', 2, { onEpoch: true });
    expect(resumed.epochViews().logged).toEqual({ loss_epoch: 1.5 });
  });

  it('refuses one name with two sets of options', () => {
    const results = resultsIn('train_batch');
    results.log('loss', 1);
    expect(() => results.log('loss', 1, { progBar: true })).toThrow(
      /progBar: false before and with progBar: true now/,
    );
  });

  it('refuses steps where there are none, and metrics outside of a run', () => {
    expect(() => resultsIn('train_epoch').log('loss', 1, { onStep: true })).toThrow(/onStep/);
    expect(() => resultsIn('none').log('loss', 1)).toThrow(/nothing is being measured/);
  });
});
