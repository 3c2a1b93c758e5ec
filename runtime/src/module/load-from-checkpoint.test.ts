import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import '../engines/default.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, Hparams, TrainingStep } from '../hooks/decorators.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { Trainer } from '../trainer/trainer.js';
import { LightningDataModule } from './lightning-data-module.js';
import { LightningModule } from './lightning-module.js';

interface ModelHparams {
  size?: number;
  rate?: number;
  name?: string;
}

class Model extends LightningModule<ModelHparams> {
  readonly calls: string[] = [];
  readonly weight: tf.Variable;
  scale: tf.Variable | undefined;

  constructor(@Hparams({ ignore: ['name'] }) hparams: ModelHparams = {}) {
    super(hparams);
    this.weight = tf.variable(tf.zeros([this.hparams.size ?? 1]));
  }

  @Hook('configure_model')
  build() {
    this.calls.push('configure_model');
    this.scale ??= tf.variable(tf.scalar(1));
  }

  @TrainingStep
  learn() {
    return this.weight.sub(1).mul(this.scale!).square().mean() as tf.Scalar;
  }

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: this.hparams.rate ?? 0.1 });
  }

  @Hook('on_load_checkpoint')
  upgrade(checkpoint: Checkpoint) {
    this.calls.push(`on_load_checkpoint ${checkpoint.epoch}`);
  }
}

class Data extends LightningDataModule<{ length?: number; seen?: boolean }> {
  seen: unknown;

  constructor(@Hparams hparams: { length?: number; seen?: boolean } = {}) {
    super(hparams);
  }

  @Hook('train_dataloader')
  loader() {
    return new DataLoader(Array.from({ length: this.hparams.length }, (_, i) => i));
  }

  @Hook('state_dict')
  state() {
    return { batches: this.hparams.length };
  }

  @Hook('load_state_dict')
  loadState(state: Record<string, unknown>) {
    this.seen = state;
  }
}

const path = join(mkdtempSync(join(tmpdir(), 'load-from-checkpoint-')), 'a.ckpt');
const trained = new Model({ size: 3, rate: 0.5, name: 'first' });

beforeAll(async () => {
  const trainer = new Trainer({
    maxEpochs: 1,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
  });
  await trainer.fit(trained, { datamodule: new Data({ length: 2 }) });
  await trainer.saveCheckpoint(path);
});

describe('LightningModule.loadFromCheckpoint', () => {
  it('builds the class with the hyper-parameters of the file and gives it the weights', async () => {
    const model: Model = await Model.loadFromCheckpoint(path);
    expect(model.hparams).toEqual({ size: 3, rate: 0.5 });
    expect(model.weight.dataSync()).toEqual(trained.weight.dataSync());
    expect(model.scale!.dataSync()).toEqual(trained.scale!.dataSync());
    expect(model.calls).toEqual(['configure_model', 'on_load_checkpoint 1']);
  });

  it('prefers the hyper-parameters that are given', async () => {
    const model = await Model.loadFromCheckpoint(path, { rate: 0.25, name: 'second' });
    expect(model.hparams).toEqual({ size: 3, rate: 0.25, name: 'second' });
  });

  it('refuses weights of another shape', async () => {
    await expect(Model.loadFromCheckpoint(path, { size: 4 })).rejects.toThrow(/weight \(float32 \[3\]/);
  });

  it('leaves alone what only one of both has, where that is allowed', async () => {
    class Larger extends Model {
      readonly more = tf.variable(tf.scalar(7));
    }
    await expect(Larger.loadFromCheckpoint(path)).rejects.toThrow(/missing in the checkpoint: more/);
    const model = await Larger.loadFromCheckpoint(path, {}, { strict: false });
    expect(model.more.dataSync()[0]).toBe(7);
    expect(model.weight.dataSync()).toEqual(trained.weight.dataSync());
  });

  it('says which file is missing', async () => {
    await expect(Model.loadFromCheckpoint('none.ckpt')).rejects.toMatchObject({ code: 'PL3001' });
  });
});

describe('LightningDataModule.loadFromCheckpoint', () => {
  it('builds the class with the settings of the file and hands it its state', async () => {
    const data: Data = await Data.loadFromCheckpoint(path, { seen: true });
    expect(data.hparams).toEqual({ length: 2, seen: true });
    expect(data.seen).toEqual({ batches: 2 });
  });
});
