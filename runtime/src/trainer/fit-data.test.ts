import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { Callback } from '../callbacks/callback.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningDataModule } from '../module/lightning-data-module.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerConfig } from './options.js';
import { Trainer } from './trainer.js';

class Model extends LightningModule {
  readonly weight = tf.variable(tf.scalar(1));
  /** What each training batch held, by epoch. */
  readonly seen: number[][] = [];

  @TrainingStep
  learn(x: tf.Tensor1D) {
    this.seen[this.currentEpoch] ??= [];
    this.seen[this.currentEpoch]!.push(x.dataSync()[0]!);
    return this.weight.mul(x.mean()).square() as tf.Scalar;
  }

  @ValidationStep
  validate() {}

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: 0.001 });
  }
}

/** Has one batch more in each epoch, in an order that the epoch decides. */
class Growing extends LightningDataModule {
  readonly asked: string[] = [];

  @Hook('train_dataloader')
  train() {
    const epoch = this.trainer.currentEpoch;
    this.asked.push(`train ${epoch}`);
    const values = Array.from({ length: 3 + epoch }, (_, i) => 10 * epoch + i);
    return new DataLoader(values, { shuffle: true, seed: epoch });
  }

  @Hook('val_dataloader')
  validation() {
    this.asked.push(`val ${this.trainer.currentEpoch}`);
    return new DataLoader([1, 2]);
  }
}

const newTrainer = (config: TrainerConfig, callbacks: Callback[] = []) =>
  new Trainer({
    maxEpochs: 5,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    ...config,
    callbacks,
  });

describe('reloadDataloadersEveryNEpochs', () => {
  it.each([
    [0, ['val 0', 'train 0']],
    [1, ['val 0', 'train 0', 'train 1', 'val 1', 'train 2', 'val 2', 'train 3', 'val 3', 'train 4', 'val 4']],
    [2, ['val 0', 'train 0', 'train 2', 'val 2', 'train 4', 'val 4']],
  ])('%i', async (reloadDataloadersEveryNEpochs, asked) => {
    const datamodule = new Growing();
    const trainer = newTrainer({ reloadDataloadersEveryNEpochs });
    const model = new Model();
    await trainer.fit(model, { datamodule });
    expect(datamodule.asked).toEqual(asked);
    const last = reloadDataloadersEveryNEpochs === 0 ? 0 : 4;
    expect(trainer.numTrainingBatches).toBe(3 + last);
    expect(model.seen[4]).toHaveLength(3 + last);
  });

  it('counts a share of each epoch anew', async () => {
    class Validations extends Callback {
      readonly after: string[] = [];
      @Hook('on_validation_start')
      note(trainer: Trainer, module: LightningModule) {
        const { seen } = module as Model;
        if (!trainer.sanityChecking) this.after.push(`${trainer.currentEpoch}:${seen.at(-1)!.length}`);
      }
    }
    const validations = new Validations();
    const trainer = newTrainer({ reloadDataloadersEveryNEpochs: 1, valCheckInterval: 0.5, maxEpochs: 4 }, [
      validations,
    ]);
    await trainer.fit(new Model(), { datamodule: new Growing() });
    // Half of 3, 4, 5 and 6 batches.
    expect(validations.after).toEqual(['0:1', '0:2', '0:3', '1:2', '1:4', '2:2', '2:4', '3:3', '3:6']);
  });

  it.each([1, 2, 3])('every %i epochs, a resumed run sees the same batches', async (n) => {
    class SaveAll extends Callback {
      readonly folder = mkdtempSync(join(tmpdir(), 'reload-'));
      readonly paths: string[] = [];
      @Hook('on_train_batch_end')
      async saveBatch(trainer: Trainer) {
        await this.save(trainer);
      }
      async save(trainer: Trainer) {
        const path = join(this.folder, `${this.paths.length}.ckpt`);
        this.paths.push(path);
        await trainer.saveCheckpoint(path);
      }
    }
    class SaveEpochs extends SaveAll {
      override async saveBatch() {}
      override readonly monitors = true;
      @Hook('on_train_epoch_end')
      async saveEpoch(trainer: Trainer) {
        await this.save(trainer);
      }
    }
    const config = { reloadDataloadersEveryNEpochs: n };
    for (const saves of [new SaveAll(), new SaveEpochs()]) {
      const whole = new Model();
      await newTrainer(config, [saves]).fit(whole, { datamodule: new Growing() });
      for (const ckptPath of saves.paths) {
        const resumed = new Model();
        await newTrainer(config).fit(resumed, { datamodule: new Growing(), ckptPath });
        const rest = resumed.seen.flat();
        expect(rest).toEqual(whole.seen.flat().slice(whole.seen.flat().length - rest.length));
        expect(resumed.weight.dataSync()).toEqual(whole.weight.dataSync());
      }
    }
  });
});

describe('data without length', () => {
  const stream = (count: number) =>
    new DataLoader({
      *[Symbol.iterator]() {
        for (let i = 0; i < count; i++) yield i;
      },
    });

  it('is trained on to its end in each epoch, and validated in between and after it', async () => {
    class Counts extends Model {
      readonly validated: number[] = [];

      override validate() {
        this.validated.push(this.globalStep);
      }
    }
    const model = new Counts();
    const trainer = newTrainer({ maxEpochs: 2, valCheckInterval: 2, numSanityValSteps: 0 });
    await trainer.fit(model, { trainDataloader: stream(5), valDataloaders: stream(1) });
    expect(model.seen).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 2, 3, 4],
    ]);
    expect(model.validated).toEqual([2, 4, 7, 9]);
    expect(trainer.globalStep).toBe(10);
  });

  it('steps with what was accumulated when it ends', async () => {
    const trainer = newTrainer({ maxEpochs: 1, accumulateGradBatches: 2 });
    await trainer.fit(new Model(), { trainDataloader: stream(5) });
    expect(trainer.globalStep).toBe(3);
  });

  it('has no share', async () => {
    for (const config of [{ limitTrainBatches: 0.5 }, { valCheckInterval: 0.5 }]) {
      const fit = newTrainer(config).fit(new Model(), {
        trainDataloader: stream(5),
        valDataloaders: stream(1),
      });
      await expect(fit).rejects.toMatchObject({ code: 'PL5012' });
    }
  });
});
