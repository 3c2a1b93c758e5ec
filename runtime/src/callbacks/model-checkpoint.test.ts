import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import { PLError } from '../errors/pl-error.js';
import type { TrainerOptions } from '../trainer/options.js';
import { Trainer } from '../trainer/trainer.js';
import { ModelCheckpoint } from './model-checkpoint.js';
import type { ModelCheckpointOptions } from './model-checkpoint-options.js';
import { batches, quiet, Scripted } from './scripted.test.support.js';

/** Logs the given values, one a validation. */
const validating = (...values: number[]) => {
  let validations = 0;
  return new Scripted({ onValidationBatch: (module) => module.log('val_loss', values[validations++]!) });
};

describe('ModelCheckpoint', () => {
  let root: string;
  let said: string[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'model-checkpoint-'));
    said = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const setUp = (options: ModelCheckpointOptions, trainerOptions: TrainerOptions = {}) => {
    const callback = new ModelCheckpoint({ dirpath: root, ...options });
    const trainer = new Trainer({ ...quiet, defaultRootDir: root, callbacks: [callback], ...trainerOptions });
    return { callback, trainer };
  };
  const data = (train = 3) => ({ trainDataloader: batches(train), valDataloaders: batches(1) });
  const files = () => readdirSync(root).sort();

  it('goes on judging where the resumed run was, and keeps the file that it was resumed from', async () => {
    const options = { monitor: 'val_loss', filename: '{epoch}' };
    await setUp(options, { maxEpochs: 2 }).trainer.fit(validating(0.9, 0.5), data());
    expect(files()).toEqual(['epoch=1.ckpt']);

    const worse = setUp(options, { maxEpochs: 3 });
    await worse.trainer.fit(validating(0.7), { ...data(), ckptPath: join(root, 'epoch=1.ckpt') });
    expect(files()).toEqual(['epoch=1.ckpt']);
    expect(worse.callback.bestModelScore).toBe(0.5);
    expect(worse.callback.bestModelPath).toBe(join(root, 'epoch=1.ckpt'));

    const better = setUp(options, { maxEpochs: 3 });
    await better.trainer.fit(validating(0.1), { ...data(), ckptPath: join(root, 'epoch=1.ckpt') });
    expect(files()).toEqual(['epoch=1.ckpt', 'epoch=2.ckpt']);
    expect(better.callback.bestModelPath).toBe(join(root, 'epoch=2.ckpt'));
  });

  it('leaves the files of another folder alone when it is resumed from one', async () => {
    const first = setUp({}, { maxEpochs: 1 });
    await first.trainer.fit(validating(1), data());
    const second = setUp({ dirpath: join(root, 'second') }, { maxEpochs: 3 });
    await second.trainer.fit(validating(1, 1), { ...data(), ckptPath: first.callback.bestModelPath });
    expect(existsSync(first.callback.bestModelPath)).toBe(true);
    expect(readdirSync(join(root, 'second'))).toEqual(['epoch=2-step=9.ckpt']);
  });

  it('keeps its state in checkpoints under the keys of Lightning', async () => {
    const { callback, trainer } = setUp({ monitor: 'val_loss', saveLast: true }, { maxEpochs: 1 });
    await trainer.fit(validating(Number.NaN), data());
    const { callbacks } = await readCheckpoint(callback.lastModelPath);
    const best = join(root, 'epoch=0-step=3.ckpt');
    expect(callbacks[callback.stateKey]).toEqual({
      monitor: 'val_loss',
      dirpath: root,
      best_model_path: best,
      best_model_score: Number.POSITIVE_INFINITY,
      current_score: Number.POSITIVE_INFINITY,
      best_k_models: { [best]: Number.POSITIVE_INFINITY },
      kth_best_model_path: best,
      kth_value: Number.POSITIVE_INFINITY,
      last_model_path: join(root, 'last.ckpt'),
    });
  });

  it('keeps the old checkpoint when the new one cannot be written', async () => {
    writeFileSync(join(root, 'e1'), 'a file where a folder should be');
    const { trainer } = setUp({ filename: 'e{epoch}/best', autoInsertMetricName: false }, { maxEpochs: 2 });
    await expect(trainer.fit(validating(1, 1), data())).rejects.toMatchObject({ code: 'PL3010' });
    expect(existsSync(join(root, 'e0', 'best.ckpt'))).toBe(true);
  });

  it('names the metrics that there are when the monitored one is missing', async () => {
    const { trainer } = setUp({ monitor: 'val_los' }, { maxEpochs: 1 });
    const error: unknown = await trainer.fit(validating(1), data()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PLError);
    expect(error).toMatchObject({ code: 'PL5052', message: expect.stringContaining("'val_los'") });
    expect((error as PLError).hint).toContain('val_loss');
  });

  it('waits for the first validation with a save by steps that its metric decides', async () => {
    const { trainer } = setUp(
      { monitor: 'val_loss', everyNTrainSteps: 2, saveTopK: -1, filename: '{step}-{val_loss}' },
      { maxEpochs: 2 },
    );
    await trainer.fit(validating(0.5, 0.25), data());
    // Step 2 waits for the validation after step 3; steps 4 and 6 are judged by the metric that is there.
    expect(files()).toEqual([
      'step=3-val_loss=0.5.ckpt',
      'step=4-val_loss=0.5.ckpt',
      'step=6-val_loss=0.5.ckpt',
    ]);
  });

  it('saves every so many seconds, after a batch whose gradients were used', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { trainer } = setUp(
      { trainTimeInterval: 10, saveTopK: -1, filename: '{step}' },
      { maxEpochs: 1, accumulateGradBatches: 2 },
    );
    const slow = new Scripted({ onTrainingBatch: () => void vi.advanceTimersByTime(5_500) });
    await trainer.fit(slow, { trainDataloader: batches(8) });
    // Two batches of 5.5 seconds a step.
    expect(files()).toEqual(['step=1.ckpt', 'step=2.ckpt', 'step=3.ckpt', 'step=4.ckpt']);
  });

  it('saves every epoch where validation is set to come more often but there is none', async () => {
    const { trainer } = setUp({ saveTopK: -1 }, { maxEpochs: 2, checkValEveryNEpoch: 2 });
    await trainer.fit(new Scripted(), { trainDataloader: batches(3) });
    expect(files()).toEqual(['epoch=0-step=3.ckpt', 'epoch=1-step=6.ckpt']);
  });

  it('saves nothing for a sanity check, a trial run or an evaluation', async () => {
    const everyValidation = { monitor: 'val_loss', saveOnTrainEpochEnd: false };
    await setUp(everyValidation, { maxEpochs: 0, numSanityValSteps: 2 }).trainer.fit(validating(1), data());
    await setUp(everyValidation, { fastDevRun: true }).trainer.fit(validating(1), data());
    await setUp(everyValidation).trainer.validate(validating(1), { dataloaders: batches(1) });
    expect(files()).toEqual([]);
  });

  it('links last.ckpt to the newest checkpoint', async () => {
    const { callback, trainer } = setUp({ saveLast: 'link', saveTopK: 1 }, { maxEpochs: 2 });
    await trainer.fit(validating(1, 1), data());
    expect(callback.lastModelPath).toBe(join(root, 'last.ckpt'));
    expect(await readCheckpoint(callback.lastModelPath)).toEqual(
      await readCheckpoint(callback.bestModelPath),
    );
  });

  it('serves a second fit as it served the first', async () => {
    const { trainer } = setUp({}, { maxEpochs: 1 });
    const save = vi.spyOn(trainer, 'saveCheckpoint');
    await trainer.fit(validating(1), data());
    await trainer.fit(validating(1), data());
    expect(save).toHaveBeenCalledTimes(2);
  });

  it('says what it saved and what not when it is asked to', async () => {
    const { trainer } = setUp({ monitor: 'val_loss', verbose: true, filename: '{epoch}' }, { maxEpochs: 2 });
    await trainer.fit(validating(0.5, 0.75), data());
    const lines = said.filter((line) => line.startsWith('val_loss'));
    expect(lines[0]).toMatch(/^val_loss = 0\.5: saved .*epoch=0\.ckpt\n$/);
    expect(lines[1]).toMatch(/^val_loss = 0\.75 .*not saved\n$/);
  });

  it('takes the names that configuration files have, with null for what is not set', () => {
    const unset = {
      dirpath: null,
      filename: null,
      monitor: null,
      everyNEpochs: null,
      everyNTrainSteps: null,
    };
    expect(new ModelCheckpoint(unset).stateKey).toBe(new ModelCheckpoint().stateKey);
  });
});
