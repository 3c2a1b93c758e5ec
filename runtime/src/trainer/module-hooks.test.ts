import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, PredictStep, TestStep, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { gradOf } from '../optim/gradients.js';
import type { ConfiguredOptimizers } from '../optim/lr-schedulers/config.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import { ReduceLROnPlateau } from '../optim/lr-schedulers/reduce-lr-on-plateau.js';
import { StepLR } from '../optim/lr-schedulers/step-lr.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerConfig } from './options.js';
import { Trainer } from './trainer.js';

// What hooks do for a run; when they are called, test/reference tells.

class Line extends LightningModule {
  readonly weight = tf.variable(tf.scalar(2));

  @TrainingStep
  learn(x: tf.Tensor2D): tf.Scalar | { loss: tf.Scalar; input: tf.Tensor } | undefined {
    return this.weight.mul(x.mean()).square() as tf.Scalar;
  }

  @Hook('configure_optimizers')
  newOptimizer(): ConfiguredOptimizers {
    return new SGD(this.parameters(), { lr: 0.01 });
  }
}

const loader = (length: number) => new DataLoader({ length, at: (i: number) => Float32Array.of(i + 1) });

const newTrainer = (config: TrainerConfig = {}) =>
  new Trainer({
    maxEpochs: 1,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    ...config,
  });

async function fit<Module extends LightningModule>(module: Module, config?: TrainerConfig): Promise<Module> {
  await newTrainer(config).fit(module, { trainDataloader: loader(4) });
  return module;
}

const scalar = (tensor: tf.Tensor) => tensor.dataSync()[0]!;

describe('training_epoch_end', () => {
  it('gets the losses and whatever else the steps gave, and leaves no tensors behind', async () => {
    class WithOutputs extends Line {
      readonly seen: number[][] = [];
      readonly tensors = new Set<number>();

      override learn(x: tf.Tensor2D) {
        const loss = this.weight.mul(x.mean()).square() as tf.Scalar;
        return scalar(x) === 3 ? undefined : { loss, input: x };
      }

      @Hook('training_epoch_end')
      collect(outputs: { loss: tf.Scalar; input: tf.Tensor2D }[]) {
        this.seen.push(outputs.map(({ loss, input }) => scalar(loss) / scalar(input) ** 2));
        this.log('inputs', tf.addN(outputs.map(({ input }) => input)).sum() as tf.Scalar);
      }

      @Hook('on_train_epoch_start')
      count() {
        // Before the first step there are no gradients.
        if (this.currentEpoch > 0) this.tensors.add(tf.memory().numTensors);
      }
    }
    const trainer = newTrainer({ maxEpochs: 3 });
    const model = new WithOutputs();
    await trainer.fit(model, { trainDataloader: loader(4) });
    expect(model.seen.map(({ length }) => length)).toEqual([3, 3, 3]);
    // Each loss is (weight · input)²: the weight at that step shows in it.
    expect(model.seen[0]![0]).toBe(4);
    expect(model.seen.flat()).toEqual(model.seen.flat().toSorted((a, b) => b - a));
    expect(trainer.callbackMetrics.inputs).toBe(1 + 2 + 4);
    expect(model.tensors.size).toBe(1);
  });

  it('frees what was kept when the epoch ends with an error', async () => {
    class Failing extends Line {
      @Hook('training_epoch_end')
      collect() {}

      @Hook('on_train_batch_end')
      fail(_outputs: unknown, _batch: unknown, batchIdx: number) {
        if (batchIdx === 2) throw new Error('in the third batch');
      }
    }
    const model = new Failing();
    await expect(fit(model)).rejects.toThrow('in the third batch');
    const before = tf.memory().numTensors;
    await expect(fit(model)).rejects.toThrow('in the third batch');
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('validation_epoch_end and test_epoch_end', () => {
  class Evaluated extends LightningModule {
    readonly seen: unknown[] = [];

    @ValidationStep
    validate(x: tf.Tensor2D, batchIdx: number) {
      return batchIdx === 1 ? undefined : { double: x.mul(2) };
    }

    @TestStep
    async examine(x: tf.Tensor2D) {
      return x.mul(3);
    }

    @Hook('validation_epoch_end')
    validated(outputs: { double: tf.Tensor }[] | { double: tf.Tensor }[][]) {
      this.seen.push(
        outputs.map((output) =>
          Array.isArray(output) ? output.map(({ double }) => scalar(double)) : scalar(output.double),
        ),
      );
      this.log('seen', outputs.length);
    }

    @Hook('test_epoch_end')
    examined(outputs: tf.Tensor[]) {
      this.seen.push(outputs.map(scalar));
    }
  }

  it('get what the steps returned, by data loader where there are several', async () => {
    const model = new Evaluated();
    const trainer = newTrainer();
    const before = tf.memory().numTensors;
    expect(await trainer.validate(model, { dataloaders: loader(3) })).toEqual([{ seen: 2 }]);
    await trainer.validate(model, { dataloaders: [loader(3), loader(1)] });
    await trainer.test(model, { dataloaders: loader(2) });
    expect(model.seen).toEqual([
      [2, 6],
      [[2, 6], [2]],
      [3, 6],
    ]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('backward', () => {
  class Doubled extends Line {
    @Hook('backward')
    pass(loss: tf.Scalar, propagate: (loss: tf.Scalar) => void) {
      propagate(loss.mul(2));
    }
  }

  class HalfRate extends Doubled {
    override newOptimizer() {
      return new SGD(this.parameters(), { lr: 0.005 });
    }
  }

  it.each([1, 3])(
    'takes the place of the backward pass, with %i batches a step',
    async (accumulateGradBatches) => {
      const [plain, doubled] = [new Line(), new HalfRate()];
      await fit(plain, { accumulateGradBatches });
      await fit(doubled, { accumulateGradBatches });
      expect(scalar(doubled.weight)).toBeCloseTo(scalar(plain.weight), 6);
      expect(scalar(plain.weight)).not.toBe(2);
    },
  );

  it('is used by manual optimization, too', async () => {
    class ByHand extends HalfRate {
      override readonly automaticOptimization = false;

      override learn(x: tf.Tensor2D) {
        const optimizer = this.optimizers() as { zeroGrad(): void; step(): void };
        optimizer.zeroGrad();
        this.manualBackward(this.weight.mul(x.mean()).square() as tf.Scalar);
        optimizer.step();
        return undefined;
      }
    }
    const [plain, byHand] = [new Line(), new ByHand()];
    await fit(plain);
    await fit(byHand);
    expect(scalar(byHand.weight)).toBeCloseTo(scalar(plain.weight), 6);
  });

  it('may log', async () => {
    class Logging extends Doubled {
      override pass(loss: tf.Scalar, propagate: (loss: tf.Scalar) => void) {
        super.pass(loss, propagate);
        this.log('passed', loss);
      }
    }
    const trainer = newTrainer();
    await trainer.fit(new Logging(), { trainDataloader: loader(1) });
    expect(trainer.callbackMetrics.passed).toBe(4);
  });
});

describe('a training step that optimizes itself', () => {
  it('may return any record, which on_train_batch_end gets and the trainer frees', async () => {
    class ByHand extends LightningModule {
      override readonly automaticOptimization = false;
      readonly weight = tf.variable(tf.scalar(2));
      readonly seen: number[] = [];
      readonly tensors = new Set<number>();

      @TrainingStep
      learn(x: tf.Tensor2D) {
        return { doubled: x.mul(2), batch: x.shape[0] };
      }

      @Hook('on_train_batch_end')
      see(outputs: { doubled?: tf.Tensor2D; batch?: number }) {
        this.seen.push(scalar(outputs.doubled!), outputs.batch!);
        this.tensors.add(tf.memory().numTensors);
      }

      @Hook('configure_optimizers')
      newOptimizer() {
        return new SGD(this.parameters(), { lr: 0.01 });
      }
    }
    const model = await fit(new ByHand());
    expect(model.seen).toEqual([2, 1, 4, 1, 6, 1, 8, 1]);
    expect(model.tensors.size).toBe(1);
  });
});

describe('lr_scheduler_step', () => {
  class Scheduled extends Line {
    readonly rates: number[] = [];

    override newOptimizer() {
      const optimizer = new SGD(this.parameters(), { lr: 1 });
      const scheduler = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 });
      return { optimizer, lrScheduler: { scheduler, interval: 'step' } } as const;
    }

    @Hook('on_train_batch_end')
    note() {
      this.rates.push(this.trainer.optimizers[0]!.paramGroups[0]!.lr);
    }
  }

  it('takes the place of the scheduler’s step', async () => {
    class EveryOther extends Scheduled {
      readonly metrics: unknown[] = [];

      @Hook('lr_scheduler_step')
      advance(scheduler: LRScheduler, metric: number | undefined) {
        this.metrics.push(metric);
        if (this.globalStep % 2 === 0) scheduler.step();
      }
    }
    expect((await fit(new Scheduled())).rates).toEqual([0.5, 0.25, 0.125, 0.0625]);
    const own = await fit(new EveryOther());
    expect(own.rates).toEqual([1, 0.5, 0.5, 0.25]);
    expect(own.metrics).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('gets the metric that the scheduler watches', async () => {
    class Watching extends Line {
      readonly metrics: (number | undefined)[] = [];

      override learn(x: tf.Tensor2D) {
        this.log('watched', this.currentEpoch + 0.5, { onStep: false, onEpoch: true });
        return super.learn(x);
      }

      override newOptimizer() {
        const optimizer = new SGD(this.parameters(), { lr: 1e-3 });
        return {
          optimizer,
          lrScheduler: { scheduler: new ReduceLROnPlateau(optimizer), monitor: 'watched' },
        };
      }

      @Hook('lr_scheduler_step')
      advance(_scheduler: LRScheduler, metric: number | undefined) {
        this.metrics.push(metric);
      }
    }
    expect((await fit(new Watching(), { maxEpochs: 2 })).metrics).toEqual([0.5, 1.5]);
  });
});

describe('configure_model', () => {
  class Late extends Line {
    readonly calls: string[] = [];
    late: tf.Variable | undefined;

    @Hook('setup')
    setUp(stage: string) {
      this.calls.push(`setup ${stage}`);
    }

    @Hook('configure_model')
    async build() {
      this.calls.push('configure_model');
      this.late ??= tf.variable(tf.scalar(1));
    }

    @Hook('on_load_checkpoint')
    load() {
      this.calls.push('on_load_checkpoint');
    }

    override newOptimizer() {
      this.calls.push('configure_optimizers');
      return super.newOptimizer();
    }

    override learn(x: tf.Tensor2D) {
      return this.weight.mul(this.late!).mul(x.mean()).square() as tf.Scalar;
    }

    @PredictStep
    predict() {
      return this.late!.clone();
    }
  }

  it('makes layers after setup, before the checkpoint is loaded and the optimizer configured', async () => {
    const trainer = newTrainer();
    const first = new Late();
    await trainer.fit(first, { trainDataloader: loader(2) });
    expect(first.calls).toEqual(['setup fit', 'configure_model', 'configure_optimizers']);
    expect(scalar(first.late!)).not.toBe(1);

    const ckptPath = join(mkdtempSync(join(tmpdir(), 'module-hooks-')), 'late.ckpt');
    await trainer.saveCheckpoint(ckptPath);
    const second = new Late();
    const predictions = await newTrainer().predict(second, { dataloaders: loader(1), ckptPath });
    expect(second.calls).toEqual(['setup predict', 'configure_model', 'on_load_checkpoint']);
    expect(scalar(predictions[0]![0] as tf.Tensor)).toBe(scalar(first.late!));
  });
});

describe('a validation between two steps', () => {
  class TwoOptimizers extends Line {
    override readonly automaticOptimization = false;
    readonly bias = tf.variable(tf.scalar(1));
    readonly gradients: number[] = [];

    override learn(x: tf.Tensor2D) {
      this.manualBackward(this.weight.mul(x.mean()).add(this.bias) as tf.Scalar);
      return undefined;
    }

    @Hook('on_train_batch_end')
    count() {
      this.gradients.push(this.#withGradients());
    }

    @ValidationStep
    validate() {
      this.gradients.push(this.#withGradients());
    }

    #withGradients(): number {
      return this.parameters().filter((param) => gradOf(param) !== undefined).length;
    }

    override newOptimizer() {
      return this.parameters().map((param) => new SGD([param], { lr: 0.01 })) as never;
    }
  }

  it('frees the gradients of every parameter, whichever optimizer has it', async () => {
    const model = new TwoOptimizers();
    const trainer = newTrainer({ valCheckInterval: 2, numSanityValSteps: 0 });
    await trainer.fit(model, { trainDataloader: loader(4), valDataloaders: loader(1) });
    expect(model.gradients).toEqual([2, 2, 0, 2, 2, 0]);
  });

  it('leaves them to the hook where the module has it', async () => {
    class Keeping extends TwoOptimizers {
      @Hook('on_validation_model_zero_grad')
      keep() {}
    }
    const model = new Keeping();
    const trainer = newTrainer({ valCheckInterval: 2, numSanityValSteps: 0 });
    await trainer.fit(model, { trainDataloader: loader(4), valDataloaders: loader(1) });
    expect(model.gradients).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

describe('evaluation', () => {
  class Watching extends LightningModule {
    readonly modes: boolean[] = [];

    @ValidationStep
    validate() {
      this.modes.push(this.training);
    }
  }

  it.each([true, false])('leaves a module with training = %s as it was', async (training) => {
    const model = new Watching();
    model.training = training;
    await newTrainer().validate(model, { dataloaders: loader(1) });
    expect(model.modes).toEqual([false]);
    expect(model.training).toBe(training);
  });
});

describe('clipGradients', () => {
  class Clipping extends Line {
    limit: number | null = null;

    @Hook('configure_gradient_clipping')
    clip(optimizer: SGD) {
      this.clipGradients(optimizer, this.limit);
    }
  }
  const clipped = (limit: number | null) => Object.assign(new Clipping(), { limit });

  it('takes the trainer’s limit where it gets none', async () => {
    const [byTrainer, byDefault] = [clipped(null), new Line()];
    await fit(byTrainer, { gradientClipVal: 0.5 });
    await fit(byDefault, { gradientClipVal: 0.5 });
    expect(scalar(byTrainer.weight)).toBe(scalar(byDefault.weight));
    expect(scalar(byTrainer.weight)).toBeCloseTo(2 - 4 * 0.005, 5);
  });

  it('leaves the gradients alone where there is no limit at all', async () => {
    const [own, plain] = [clipped(null), new Line()];
    await fit(own);
    await fit(plain);
    expect(scalar(own.weight)).toBe(scalar(plain.weight));
  });

  it('refuses a limit that is not the trainer’s', async () => {
    await expect(fit(clipped(0.25), { gradientClipVal: 0.5 })).rejects.toMatchObject({ code: 'PL5012' });
    await fit(clipped(0.25));
  });
});
