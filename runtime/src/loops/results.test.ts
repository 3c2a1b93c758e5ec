import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import type { HookName } from '../hooks/signatures.js';
import * as tf from '../tf.js';
import type { LogOptions, LogValue } from './log-options.js';
import { type MetricViews, Results } from './results.js';

function resultsIn(phase: HookName, { batch = tf.zeros([1]) as unknown } = {}): Results {
  const results = new Results({ training: /train/.test(phase) });
  if (/step|batch/.test(phase)) results.beginBatch(batch);
  results.phase = phase;
  return results;
}

const views = (results: Results): MetricViews => {
  const shown = { callback: {}, logged: {}, progressBar: {} };
  results.show(shown);
  return shown;
};

const ofStep = views;

/** The views once the batches are through. */
const ofEpoch = (results: Results): MetricViews => {
  results.endBatches();
  return views(results);
};

describe('Results', () => {
  it('logs training steps by step, everything else by epoch', () => {
    const train = resultsIn('training_step');
    train.log('loss', 2);
    expect(ofStep(train)).toMatchObject({ logged: { loss: 2 }, callback: { loss: 2 } });
    expect(ofEpoch(train)).toMatchObject({ logged: {}, callback: {} });

    const validation = resultsIn('validation_step');
    validation.log('loss', 2);
    expect(ofStep(validation)).toMatchObject({ logged: {}, callback: {} });
    expect(ofEpoch(validation)).toMatchObject({ logged: { loss: 2 }, callback: { loss: 2 } });
  });

  it('names step and epoch apart when both are asked for', () => {
    const results = resultsIn('training_step');
    results.log('loss', 2, { onStep: true, onEpoch: true });
    results.log('loss', 4, { onStep: true, onEpoch: true });
    expect(ofStep(results)).toMatchObject({
      logged: { loss_step: 4 },
      callback: { loss: 4, loss_step: 4 },
    });
    expect(ofEpoch(results)).toMatchObject({
      logged: { loss_epoch: 3 },
      callback: { loss: 3, loss_epoch: 3 },
    });
  });

  it('keeps steps of an evaluation from the callbacks', () => {
    const results = resultsIn('validation_step');
    results.log('acc', 1, { onStep: true, progBar: true });
    expect(ofStep(results)).toEqual({ logged: { acc_step: 1 }, progressBar: { acc_step: 1 }, callback: {} });
  });

  it('keeps values from the loggers that are not for them', () => {
    const results = resultsIn('training_step');
    results.log('loss', 1, { logger: false, progBar: true });
    expect(results.forLoggers()).toBeUndefined();
    expect(ofStep(results)).toEqual({ logged: {}, progressBar: { loss: 1 }, callback: { loss: 1 } });
  });

  it('shows the latest value until the epoch ends', () => {
    const results = resultsIn('training_step');
    results.log('loss', 1);
    results.endBatch();
    results.beginBatch(undefined);
    expect(results.forLoggers()).toEqual({ loss: 1 });
    results.reset();
    expect(results.forLoggers()).toBeUndefined();
  });

  it('weights the mean by batch size', () => {
    const results = resultsIn('validation_step', { batch: { x: tf.zeros([3, 2]) } });
    results.log('acc', 1);
    results.log('given', 1, { batchSize: 1 });
    results.endBatch();
    results.beginBatch([tf.zeros([1, 2])]);
    results.log('acc', 0);
    results.log('given', 0, { batchSize: 1 });
    expect(ofEpoch(results).callback).toEqual({ acc: 0.75, given: 0.5 });
  });

  it('weights what the hooks of an epoch log equally', () => {
    const results = resultsIn('training_step', { batch: tf.zeros([8]) });
    results.endBatches();
    results.phase = 'on_train_epoch_end';
    results.log('x', 1);
    results.log('x', 3, { batchSize: 3 });
    expect(views(results).callback).toEqual({ x: 2.5 });
  });

  it('reads the size of a batch only where the mean needs it, and warns once when it is not clear', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const results = resultsIn('training_step', { batch: 'text' });
    results.log('step', 1);
    results.log('sum', 1, { onEpoch: true, reduceFx: 'sum' });
    expect(() => results.log('mean', 1, { onEpoch: true })).toThrow(/batch size/);
    for (let i = 0; i < 2; i++) {
      results.beginBatch([tf.zeros([3]), tf.zeros([5])]);
      results.log('other', 1, { onEpoch: true });
    }
    expect(write.mock.calls.map(([line]) => line)).toEqual([expect.stringMatching(/first, 3/)]);
    write.mockRestore();
  });

  it.each<[LogOptions['reduceFx'], number]>([
    ['mean', 2],
    ['avg', 2],
    ['sum', 6],
    ['min', 1],
    ['max', 3],
    [tf.mean, 2],
    [tf.sum, 6],
    [tf.min, 1],
    [tf.max, 3],
    [Math.min, 1],
    [Math.max, 3],
  ])('reduces by %s', (reduceFx, expected) => {
    const results = resultsIn('validation_step', { batch: tf.zeros([10]) });
    for (const value of [2, 1, 3]) results.log('x', value, reduceFx && { reduceFx });
    expect(ofEpoch(results).callback).toEqual({ x: expected });
  });

  it('has the weighted mean of any values', () => {
    const value = fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 100 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const results = resultsIn('validation_step');
        for (const [x, batchSize] of values) results.log('x', x, { batchSize });
        const weight = values.reduce((sum, [, size]) => sum + size, 0);
        const sum = values.reduce((total, [x, size]) => total + x * size, 0);
        expect(ofEpoch(results).callback.x).toBeCloseTo(sum / weight, 9);
      }),
    );
  });

  it('lets a value that is no number show, in minimum and maximum too', () => {
    const results = resultsIn('validation_step');
    for (const reduceFx of ['mean', 'sum', 'min', 'max'] as const)
      for (const value of [1, Number.NaN, 2]) results.log(reduceFx, value, { reduceFx });
    const { NaN: nan } = Number;
    expect(ofEpoch(results).callback).toEqual({ mean: nan, sum: nan, min: nan, max: nan });
  });

  it('keeps hooks that log one name apart, and shows the one that was there last', () => {
    const results = resultsIn('training_step');
    results.log('x', 1, { onEpoch: true });
    results.phase = 'on_train_batch_end';
    results.log('x', 2);
    expect(ofStep(results).callback).toEqual({ x: 2, x_step: 1 });
    expect(ofEpoch(results).callback).toEqual({ x: 1, x_epoch: 1 });
  });

  it('suffixes names where several data loaders run, and shows them with their data loader', () => {
    const results = resultsIn('validation_step');
    for (const dataloaderIdx of [0, 1]) {
      results.dataloaderIdx = dataloaderIdx;
      results.beginBatch(tf.zeros([1]));
      results.log('acc', dataloaderIdx, { onStep: true });
      if (dataloaderIdx === 0) results.log('own', 1, { addDataloaderIdx: false });
    }
    expect(ofEpoch(results).callback).toEqual({
      'acc/dataloader_idx_1': 1,
      'acc_epoch/dataloader_idx_1': 1,
    });
    results.dataloaderIdx = 0;
    expect(results.forLoggers()).toEqual({ 'acc_epoch/dataloader_idx_0': 0, own: 1 });
  });

  it('goes on from a saved state, with steps and options', () => {
    const first = resultsIn('training_step');
    first.log('loss', 1, { onEpoch: true });
    first.log('largest', 5, { onEpoch: true, reduceFx: 'max' });
    first.log('once', 7);
    const resumed = resultsIn('training_step');
    resumed.loadState(JSON.parse(JSON.stringify(first.state())));
    expect(views(resumed)).toEqual(views(first));
    resumed.log('loss', 2, { onEpoch: true });
    resumed.log('largest', 4, { onEpoch: true, reduceFx: 'max' });
    expect(() => resumed.log('once', 7, { onEpoch: true })).toThrow(/onEpoch/);
    expect(ofEpoch(resumed).logged).toEqual({ loss_epoch: 1.5, largest_epoch: 5 });
  });

  it('starts each epoch anew, with the options of the one before', () => {
    const results = resultsIn('training_step');
    results.log('loss', 1, { onEpoch: true });
    results.reset();
    expect(ofEpoch(results).callback).toEqual({});
    results.log('loss', 3, { onEpoch: true });
    expect(views(results).callback).toEqual({ loss: 3, loss_epoch: 3 });
    expect(() => results.log('loss', 3)).toThrow(/onEpoch/);
  });
});

describe('log', () => {
  it('reads numbers, truth values and tensors with one element, and keeps none of these', () => {
    const results = resultsIn('training_step');
    const values: LogValue[] = [
      0.5,
      true,
      tf.scalar(0.25),
      tf.tensor1d([2]) as never,
      tf.scalar(true, 'bool'),
    ];
    const tensors = tf.memory().numTensors;
    for (const value of values) results.log('x', value, { onEpoch: true, reduceFx: 'sum' });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(ofEpoch(results).callback.x).toBe(4.75);
  });

  it.each<[unknown, RegExp]>([
    ['high', /the text 'high'/],
    [null, /got null/],
    [undefined, /got undefined/],
    [[1, 2], /an array/],
    [{ a: 1 }, /a record/],
    [Promise.resolve(1), /a promise/],
    [tf.ones([2, 3]), /a tensor of shape \[2,3\]/],
    [tf.scalar('text', 'string'), /a tensor of string/],
  ])('refuses %s', (value, message) => {
    const results = resultsIn('training_step');
    const refused = expect.objectContaining({ code: 'PL5005', message: expect.stringMatching(message) });
    expect(() => results.log('x', value as never)).toThrow(refused);
    expect(results.state()).toEqual([]);
  });

  it('refuses a tensor that is disposed', () => {
    const value = tf.scalar(1);
    value.dispose();
    expect(() => resultsIn('training_step').log('x', value)).toThrow(/disposed/);
  });

  it.each<[HookName, LogOptions, string, RegExp]>([
    ['training_step', { onStep: false, onEpoch: false }, 'PL5003', /records nothing/],
    ['on_train_epoch_end', { onStep: true }, 'PL5003', /onStep: true .*on_train_epoch_end/],
    ['on_validation_start', { onEpoch: false }, 'PL5003', /onEpoch: false .*on_validation_start/],
    ['on_train_end', {}, 'PL5002', /on_train_end/],
    ['predict_step', {}, 'PL5002', /predict_step/],
    ['training_step', { reduceFx: 'median' as never }, 'PL5060', /'median'/],
    ['training_step', { reduceFx: tf.prod as never }, 'PL5060', /the function prod/],
  ])('in %s with %j is refused', (phase, options, code, message) => {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => resultsIn(phase).log('x', 1, options)).toThrow(refused);
  });

  it('is refused before and after the run', () => {
    const refused = expect.objectContaining({
      code: 'PL5002',
      message: expect.stringMatching(/before or after/),
    });
    const results = new Results();
    expect(() => results.log('x', 1)).toThrow(refused);
    results.phase = 'training_step';
    results.log('x', 1);
    results.phase = undefined;
    expect(() => results.log('x', 1)).toThrow(refused);
  });

  it.each<[LogOptions, LogOptions]>([
    [{}, { progBar: true }],
    [{}, { logger: false }],
    [{ onEpoch: true }, {}],
    [{ onEpoch: true }, { onEpoch: true, onStep: false }],
    [{ reduceFx: 'sum' }, { reduceFx: 'max' }],
    [{}, { rankZeroOnly: true }],
    [{}, { syncDist: true }],
    [{}, { addDataloaderIdx: false }],
  ])('of one name in one hook with %j and then with %j is refused', (before, now) => {
    const results = resultsIn('training_step');
    results.log('x', 1, before);
    expect(() => results.log('x', 1, now)).toThrow(expect.objectContaining({ code: 'PL5004' }));
  });

  it.each<[LogOptions, LogOptions]>([
    [{}, { onStep: true, onEpoch: false, progBar: false, logger: true, syncDist: false }],
    [{ reduceFx: 'avg' }, { reduceFx: tf.mean }],
    [{ batchSize: 1 }, { batchSize: 2 }],
  ])('of one name with %j and then with %j says the same twice', (before, now) => {
    const results = resultsIn('training_step');
    results.log('x', 1, before);
    results.log('x', 2, now);
    expect(ofStep(results).callback).toEqual({ x: 2 });
  });

  it('of one name without its data loader is refused in a second data loader', () => {
    const results = resultsIn('validation_step');
    results.dataloaderIdx = 0;
    results.log('x', 1, { addDataloaderIdx: false });
    results.dataloaderIdx = 1;
    expect(() => results.log('x', 1, { addDataloaderIdx: false })).toThrow(/data loaders 0 and 1/);
  });

  it('refuses names that look like those of data loaders, and names that are none', () => {
    const results = resultsIn('validation_step');
    expect(() => results.log('x/dataloader_idx_0', 1)).toThrow(expect.objectContaining({ code: 'PL5061' }));
    results.log('x/dataloader_idx_0', 1, { addDataloaderIdx: false });
    expect(() => results.log(5 as never, 1)).toThrow(expect.objectContaining({ code: 'PL5005' }));
  });
});
