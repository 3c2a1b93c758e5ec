import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { Callback } from '../callbacks/callback.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import { DataLoader } from '../data/data-loader.js';
import { crossEntropy } from '../functional/cross-entropy.js';
import { Hook, PredictStep, TestStep, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningDataModule } from '../module/lightning-data-module.js';
import { LightningModule } from '../module/lightning-module.js';
import { AdamW } from '../optim/adamw.js';
import { seedEverything } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import { Interruption } from './interruption.js';
import type { TrainerOptions } from './options.js';
import { Trainer } from './trainer.js';

interface Batch {
  x: tf.Tensor2D;
  y: tf.Tensor1D;
}

/** Two classes of points, with dropout so that random numbers matter. */
class Classifier extends LightningModule {
  readonly net = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 8, activation: 'relu' }),
      tf.layers.dense({ units: 2 }),
    ],
  });

  #logits({ x }: Batch): tf.Tensor2D {
    const input = this.training ? (tf.dropout(x, 0.1) as tf.Tensor2D) : x;
    return this.net.apply(input) as tf.Tensor2D;
  }

  @TrainingStep
  train_(batch: Batch) {
    const loss = crossEntropy(this.#logits(batch), batch.y);
    this.log('train_loss', loss, { onEpoch: true, progBar: true });
    return loss;
  }

  @ValidationStep
  validate_(batch: Batch) {
    this.log('val_loss', crossEntropy(this.#logits(batch), batch.y));
  }

  @TestStep
  test_(batch: Batch) {
    this.log('test_loss', crossEntropy(this.#logits(batch), batch.y));
  }

  @PredictStep
  predict_(batch: Batch) {
    return this.#logits(batch).argMax(1);
  }

  @Hook('configure_optimizers')
  override optimizers() {
    return new AdamW(this.parameters(), { lr: 0.01 });
  }
}

class Points extends LightningDataModule {
  #samples(n: number) {
    return Array.from({ length: n }, (_, i) => {
      const angle = i * 2.4;
      const radius = i % 2 === 0 ? 0.5 : 1.5;
      return {
        x: Float32Array.of(radius * Math.cos(angle), radius * Math.sin(angle)),
        y: Int32Array.of(i % 2),
      };
    });
  }

  #loader(n: number, shuffle = false) {
    const collate = (samples: { x: Float32Array; y: Int32Array }[]): Batch => ({
      x: tf.tensor2d(samples.map(({ x }) => Array.from(x))),
      y: tf.tensor1d(
        samples.map(({ y }) => y[0]!),
        'int32',
      ),
    });
    return new DataLoader(this.#samples(n), { batchSize: 8, shuffle, collate });
  }

  @Hook('train_dataloader')
  train() {
    return this.#loader(44, true);
  }

  @Hook('val_dataloader')
  validation() {
    return this.#loader(20);
  }

  @Hook('test_dataloader')
  test() {
    return this.#loader(20);
  }

  @Hook('predict_dataloader')
  predict() {
    return this.#loader(10);
  }
}

const quiet = {
  enableProgressBar: false,
  enableModelSummary: false,
  logEveryNSteps: 1,
} satisfies TrainerOptions;
const temporaryFolder = () => mkdtempSync(join(tmpdir(), 'trainer-'));

/** A fresh process's worth of a run: seeded, with new weights, in a folder of its own. */
function newRun(options: TrainerOptions = {}) {
  seedEverything(7);
  const root = options.defaultRootDir ?? temporaryFolder();
  const model = new Classifier();
  const trainer = new Trainer({ ...quiet, maxEpochs: 4, defaultRootDir: root, ...options });
  return { root, model, trainer, datamodule: new Points() };
}

const weightsOf = (model: LightningModule) =>
  Array.from(model.stateDict(), ([name, v]) => [name, Array.from(v.dataSync())] as const);

const rowsOf = (root: string, version: number) =>
  readFileSync(join(root, 'lightning_logs', `version_${version}`, 'metrics.csv'), 'utf8')
    .trim()
    .split('\n');

describe('fit', () => {
  it('trains: the validation loss falls', async () => {
    const { model, trainer, datamodule } = newRun({ maxEpochs: 15 });
    const [before] = await trainer.validate(model, { datamodule });
    await trainer.fit(model, { datamodule });
    expect(trainer.callbackMetrics.val_loss).toBeLessThan(0.7 * before!.val_loss!);
    expect([trainer.currentEpoch, trainer.globalStep, trainer.state.status]).toEqual([15, 90, 'finished']);
  });

  it('gives bit-equal weights and logs from the same seed', async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const { root, model, trainer, datamodule } = newRun();
      await trainer.fit(model, { datamodule });
      runs.push({ weights: weightsOf(model), rows: rowsOf(root, 0) });
    }
    expect(runs[1]).toEqual(runs[0]);
  });

  it('holds as many tensors after every step and after every epoch', async () => {
    const afterStep: number[] = [];
    const afterEpoch: number[] = [];
    class Tensors extends Callback {
      @Hook('on_train_batch_end')
      step() {
        afterStep.push(tf.memory().numTensors);
      }
      @Hook('on_train_epoch_end')
      epoch() {
        afterEpoch.push(tf.memory().numTensors);
      }
    }
    const { model, trainer, datamodule } = newRun({ callbacks: [new Tensors()] });
    await trainer.fit(model, { datamodule });
    expect(afterStep).toHaveLength(24);
    expect(new Set(afterStep).size).toBe(1);
    expect(new Set(afterEpoch).size).toBe(1);
  });

  it('hands what the training step returned to the hooks of the batch, then frees it', async () => {
    const sums: number[] = [];
    class WithLogits extends Classifier {
      @TrainingStep
      override train_({ x, y }: Batch) {
        const logits = this.net.apply(x) as tf.Tensor2D;
        return { loss: crossEntropy(logits, y), logits } as never;
      }
      @Hook('on_train_batch_end')
      end(outputs: { logits: tf.Tensor2D }) {
        sums.push(outputs.logits.sum().dataSync()[0]!);
        tensors.add(tf.memory().numTensors);
      }
    }
    const tensors = new Set<number>();
    const { trainer, datamodule } = newRun({ maxEpochs: 1 });
    await trainer.fit(new WithLogits(), { datamodule });
    expect(sums).toHaveLength(6);
    expect(sums.every(Number.isFinite)).toBe(true);
    expect(tensors.size).toBe(1);
  });

  it('writes the metrics, and a checkpoint per epoch of which the last stays', async () => {
    const { root, model, trainer, datamodule } = newRun();
    await trainer.fit(model, { datamodule });
    const version = join(root, 'lightning_logs', 'version_0');
    expect(readdirSync(join(version, 'checkpoints'))).toEqual(['epoch=3-step=24.ckpt']);
    const [header, ...rows] = rowsOf(root, 0);
    expect(header!.split(',').sort()).toEqual([
      'epoch',
      'step',
      'train_loss_epoch',
      'train_loss_step',
      'val_loss',
    ]);
    expect(rows.length).toBeGreaterThanOrEqual(24);
  });

  it('keeps weights, moments and counters in the checkpoint', async () => {
    const { model, trainer, datamodule } = newRun();
    await trainer.fit(model, { datamodule });
    const checkpoint = await readCheckpoint(trainer.checkpointCallback!.bestModelPath);
    expect([checkpoint.epoch, checkpoint.globalStep]).toEqual([3, 24]);
    expect(Array.from(checkpoint.stateDict.keys())).toEqual([
      'net.0.kernel',
      'net.0.bias',
      'net.1.kernel',
      'net.1.bias',
    ]);
    expect(Array.from(checkpoint.optimizerStates.tensors.keys())).toContain('0.net.0.kernel.exp_avg');
  });

  it('says which tensors of a checkpoint do not fit, and leaves the model alone', async () => {
    const first = newRun({ maxEpochs: 1 });
    await first.trainer.fit(first.model, { datamodule: first.datamodule });
    class Wider extends Classifier {
      override readonly net = tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [2], units: 16, activation: 'relu' }),
          tf.layers.dense({ units: 2 }),
        ],
      });
    }
    const model = new Wider();
    const before = weightsOf(model);
    const ckptPath = first.trainer.checkpointCallback!.bestModelPath;
    const { root, trainer, datamodule } = newRun();
    await expect(trainer.fit(model, { datamodule, ckptPath })).rejects.toThrow(/net\.0\.kernel/);
    expect(weightsOf(model)).toEqual(before);
    expect(readdirSync(root)).toEqual([]);
  });

  it('refuses a result that is not finite when asked to look, and names the batch', async () => {
    class Broken extends Classifier {
      @TrainingStep
      override train_(batch: Batch) {
        return super.train_(batch).div(this.globalStep === 2 ? 0 : 1) as tf.Scalar;
      }
    }
    const { trainer, datamodule } = newRun({ detectAnomaly: true });
    await expect(trainer.fit(new Broken(), { datamodule })).rejects.toThrow(
      /RealDiv gave Infinity in training_step \(epoch 0, batch 2/,
    );
  });

  it('names weights that appear only in the first step', async () => {
    class Lazy extends Classifier {
      readonly late = tf.layers.dense({ units: 2 });
      @TrainingStep
      override train_(batch: Batch) {
        return crossEntropy(this.late.apply(batch.x) as tf.Tensor2D, batch.y);
      }
    }
    const { trainer, datamodule } = newRun();
    await expect(trainer.fit(new Lazy(), { datamodule })).rejects.toThrow(/got new weights/);
  });
});

describe('resuming', () => {
  /** Trains 4 epochs in one go, keeping every checkpoint that `checkpoints` asks for. */
  async function uninterrupted(checkpoints: ConstructorParameters<typeof ModelCheckpoint>[0]) {
    const callback = new ModelCheckpoint({ saveTopK: -1, ...checkpoints });
    const { root, model, trainer, datamodule } = newRun({ callbacks: [callback] });
    await trainer.fit(model, { datamodule });
    const folder = join(root, 'lightning_logs', 'version_0', 'checkpoints');
    const files = readdirSync(folder).map((file) => join(folder, file));
    return { files, weights: weightsOf(model), rows: rowsOf(root, 0) };
  }

  async function resumed(ckptPath: string) {
    // Other weights and other random numbers than the run that wrote the checkpoint had.
    seedEverything(999);
    const root = temporaryFolder();
    const model = new Classifier();
    const trainer = new Trainer({ ...quiet, maxEpochs: 4, defaultRootDir: root });
    await trainer.fit(model, { datamodule: new Points(), ckptPath });
    return { weights: weightsOf(model), rows: rowsOf(root, 0) };
  }

  it('after 2 of 4 epochs equals 4 epochs in one go, bit for bit, logs too', async () => {
    const whole = await uninterrupted({});
    const rest = await resumed(whole.files.find((file) => file.includes('epoch=1'))!);
    expect(rest.weights).toEqual(whole.weights);
    expect(rest.rows.slice(1)).toEqual(whole.rows.slice(-(rest.rows.length - 1)));
  });

  it('in the middle of an epoch goes on with the next batch of the same order, from any step', async () => {
    const whole = await uninterrupted({ everyNTrainSteps: 1 });
    expect(whole.files).toHaveLength(24);
    for (const file of whole.files.filter((_, i) => i % 5 === 0)) {
      expect((await resumed(file)).weights).toEqual(whole.weights);
    }
  });

  it('in the middle of an accumulation window goes on with the gradients added up so far', async () => {
    const options = { accumulateGradBatches: 4, valCheckInterval: 1 };
    const folder = temporaryFolder();
    let saved = 0;
    class EveryBatch extends Callback {
      @Hook('on_train_batch_end')
      async save(trainer: Trainer) {
        await trainer.saveCheckpoint(join(folder, `${saved++}.ckpt`));
      }
    }
    const whole = newRun({ ...options, callbacks: [new EveryBatch()] });
    await whole.trainer.fit(whole.model, { datamodule: whole.datamodule });
    expect(saved).toBe(24);
    for (let i = 1; i < saved; i += 4) {
      seedEverything(999);
      const model = new Classifier();
      const trainer = new Trainer({ ...quiet, ...options, maxEpochs: 4, defaultRootDir: temporaryFolder() });
      await trainer.fit(model, { datamodule: new Points(), ckptPath: join(folder, `${i}.ckpt`) });
      expect(weightsOf(model)).toEqual(weightsOf(whole.model));
    }
  });

  it('from a checkpoint that Ctrl-C left equals a run without it', async () => {
    const whole = newRun();
    await whole.trainer.fit(whole.model, { datamodule: whole.datamodule });
    class CtrlC extends Callback {
      @Hook('on_train_batch_end')
      press(trainer: Trainer) {
        if (trainer.globalStep === 9) process.emit('SIGINT', 'SIGINT');
      }
    }
    const interrupted = newRun({ callbacks: [new CtrlC()] });
    const error = await interrupted.trainer
      .fit(interrupted.model, { datamodule: interrupted.datamodule })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Interruption);
    const { checkpointPath, exitCode } = error as Interruption;
    expect(exitCode).toBe(130);
    expect((await resumed(checkpointPath!)).weights).toEqual(weightsOf(whole.model));
  });

  it('of a finished run trains no further', async () => {
    const whole = await uninterrupted({});
    const { model, trainer, datamodule } = newRun();
    await trainer.fit(model, { datamodule, ckptPath: whole.files.find((file) => file.includes('epoch=3'))! });
    expect(weightsOf(model)).toEqual(whole.weights);
    expect(trainer.globalStep).toBe(24);
  });

  it('needs more than weights', async () => {
    const { files } = await uninterrupted({ saveWeightsOnly: true });
    await expect(resumed(files[0]!)).rejects.toThrow(/weights only/);
  });
});

describe('validate, test and predict', () => {
  it('return metrics and predictions, and leave no tensors behind', async () => {
    const { model, trainer, datamodule } = newRun({ logger: false });
    await trainer.validate(model, { datamodule });
    const before = tf.memory().numTensors;
    const [validation] = await trainer.validate(model, { datamodule });
    const [test] = await trainer.test(model, { datamodule });
    expect(Object.keys(validation!)).toEqual(['val_loss']);
    expect(test!.test_loss).toBeCloseTo(validation!.val_loss!, 6);
    const predictions = await trainer.predict(model, { datamodule });
    expect((predictions[0] as tf.Tensor[]).map((batch) => batch.shape)).toEqual([[8], [2]]);
    for (const tensor of predictions.flat() as tf.Tensor[]) tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('take weights from the best checkpoint', async () => {
    const { model, trainer, datamodule } = newRun();
    await trainer.fit(model, { datamodule });
    const [expected] = await trainer.test(model, { datamodule });
    for (const v of model.parameters()) v.assign(tf.zerosLike(v));
    const [restored] = await trainer.test(model, { datamodule, ckptPath: 'best' });
    expect(restored).toEqual(expected);
  });

  it('say what is missing', async () => {
    class NoTest extends LightningModule {}
    const { trainer, datamodule } = newRun();
    await expect(trainer.test(new NoTest(), { datamodule })).rejects.toThrow(/no hook 'test_step'/);
    await expect(trainer.fit(new NoTest(), { datamodule })).rejects.toThrow(/no hook 'training_step'/);
  });
});

describe('settings', () => {
  it.each([
    [{ maxEpochs: -2 }, 'maxEpochs'],
    [{ valCheckInterval: 1.5 }, 'valCheckInterval'],
    [{ checkValEveryNEpoch: null }, 'valCheckInterval'],
    [{ gradientClipVal: -1 }, 'gradientClipVal'],
    [{ accumulateGradBatches: 0 }, 'accumulateGradBatches'],
  ])('%j is refused by name', (options, name) => {
    expect(() => new Trainer({ ...quiet, ...options })).toThrow(name);
  });
});
