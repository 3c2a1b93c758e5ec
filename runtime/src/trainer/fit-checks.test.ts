import { afterEach, describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { Callback } from '../callbacks/callback.js';
import { batches, quiet, Scripted } from '../callbacks/scripted.test.support.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, Hparams, TrainingStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import type { Optimizer } from '../optim/optimizer.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerOptions } from './options.js';
import { Trainer } from './trainer.js';

const fit = (module: LightningModule, options: TrainerOptions = {}) =>
  new Trainer({ ...quiet, maxEpochs: 1, enableCheckpointing: false, ...options }).fit(module, {
    trainDataloader: batches(2),
  });

afterEach(() => vi.restoreAllMocks());

describe('hooks that nobody waits for', () => {
  it('must not return promises: of a module', async () => {
    class Waits extends Scripted {
      // @ts-expect-error: the types say so, too
      @Hook('on_after_backward')
      async wait() {
        throw new Error('nobody hears this');
      }
    }
    await expect(fit(new Waits())).rejects.toThrow(
      "the hook 'on_after_backward' of Waits returned a promise.",
    );
  });

  it('must not return promises: training_step', async () => {
    class Waits extends LightningModule {
      readonly w = tf.variable(tf.scalar(1));
      // @ts-expect-error
      @TrainingStep
      async learn() {
        return this.w.square();
      }
      @Hook('configure_optimizers')
      newOptimizer() {
        return new SGD(this.parameters(), { lr: 0.1 });
      }
    }
    await expect(fit(new Waits())).rejects.toThrow(/the hook 'training_step' of Waits returned a promise/);
  });

  it('must not return promises: of a callback', async () => {
    class Waits extends Callback {
      // @ts-expect-error
      @Hook('on_before_zero_grad')
      async wait() {}
    }
    await expect(fit(new Scripted(), { callbacks: [new Waits()] })).rejects.toThrow(
      "the hook 'on_before_zero_grad' of Waits returned a promise.",
    );
  });
});

describe('a loss that no parameter reaches', () => {
  class Detached extends Scripted {
    @TrainingStep
    override trainingStep({ x }: { x: tf.Tensor2D }): tf.Scalar {
      const output = this.net.apply(x) as tf.Tensor;
      return tf.tensor(output.dataSync()).sum() as tf.Scalar;
    }
  }

  it('is an error', async () => {
    await expect(fit(new Detached())).rejects.toThrow(
      'the loss of Detached does not depend on any of its parameters.',
    );
  });

  it('is an error for a module that optimizes itself, and leaves no tensors', async () => {
    class ByHand extends Detached {
      override readonly automaticOptimization = false;
      @TrainingStep
      override trainingStep(batch: { x: tf.Tensor2D }): tf.Scalar {
        this.manualBackward(super.trainingStep(batch));
        return tf.scalar(0);
      }
    }
    const module = new ByHand();
    const before = tf.memory().numTensors;
    await expect(fit(module)).rejects.toThrow('does not depend on any of its parameters');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is none where some parameters are not reached', async () => {
    class Partly extends Scripted {
      readonly unused = tf.variable(tf.scalar(1));
    }
    await expect(fit(new Partly())).resolves.toBeUndefined();
  });

  it('is none once another group has joined the optimizer', async () => {
    class Unfreezes extends LightningModule {
      readonly head = tf.variable(tf.scalar(1));
      readonly body = tf.variable(tf.scalar(1));
      @TrainingStep
      learn() {
        const frozen = this.trainer.optimizers[0]!.paramGroups.length === 1;
        return (frozen ? this.head.square() : this.body.square()) as tf.Scalar;
      }
      @Hook('on_train_batch_end')
      unfreeze() {
        const [optimizer] = this.trainer.optimizers as readonly Optimizer[];
        if (optimizer!.paramGroups.length === 1) optimizer!.addParamGroup({ params: [this.body], lr: 0.25 });
      }
      @Hook('configure_optimizers')
      newOptimizer() {
        return new SGD([this.head], { lr: 0.25 });
      }
    }
    const module = new Unfreezes();
    await fit(module);
    expect([module.head, module.body].map((v) => v.dataSync()[0])).toEqual([0.5, 0.5]);
  });
});

describe('hyper-parameters', () => {
  class WithEncoder extends Scripted {
    override readonly hparams: { encoder: () => void } & Record<string, unknown>;
    constructor(@Hparams hparams: { encoder: () => void }) {
      super();
      this.hparams = hparams;
    }
  }
  class WithIgnored extends WithEncoder {
    constructor(@Hparams({ ignore: ['encoder'] }) hparams: { encoder: () => void }) {
      super(hparams);
    }
  }

  it('that no checkpoint can hold are found before training begins', async () => {
    const steps = vi.fn();
    const module = new WithEncoder({ encoder: steps });
    await expect(fit(module, { enableCheckpointing: true })).rejects.toThrow(
      /cannot hold a function, found at encoder, in the hyper-parameters of WithEncoder/,
    );
    expect(module.trainer.state.status).toBe('initializing');
  });

  it('may be anything where they are ignored, or no checkpoint is written', async () => {
    await fit(new WithIgnored({ encoder: () => undefined }), { enableCheckpointing: true, fastDevRun: true });
    await fit(new WithEncoder({ encoder: () => undefined }));
  });
});

describe('training data', () => {
  it('without batches is an error, also when only its end tells', async () => {
    const trainer = () => new Trainer({ ...quiet, maxEpochs: 3, enableCheckpointing: false });
    await expect(trainer().fit(new Scripted(), { trainDataloader: batches(0) })).rejects.toThrow(
      'the training data has no batches.',
    );
    const empty = new DataLoader({ *[Symbol.iterator]() {} });
    await expect(trainer().fit(new Scripted(), { trainDataloader: empty })).rejects.toThrow(
      'the training data has no batches.',
    );
  });

  it('may be left out on purpose', async () => {
    await expect(fit(new Scripted(), { limitTrainBatches: 0 })).resolves.toBeUndefined();
  });
});

describe('barebones', () => {
  it('runs the training and nothing else, and says once that log records nothing', async () => {
    const lines = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const module = new Scripted({ onTrainingBatch: (own) => own.log('x', 1) });
    const trainer = new Trainer({ barebones: true, maxEpochs: 2, accelerator: 'cpu' });
    expect([trainer.callbacks, trainer.loggers]).toEqual([[], []]);
    await trainer.fit(module, { trainDataloader: batches(3), valDataloaders: batches(1) });
    expect(trainer.globalStep).toBe(6);
    expect(trainer.callbackMetrics).toEqual({});
    const warnings = lines.mock.calls.map(([text]) => String(text)).filter((text) => /^Warning/.test(text));
    expect(warnings).toEqual(['Warning: trainer.barebones is true: log records nothing.\n']);
  });
});

describe('what a trainer tells while it runs', () => {
  it('names the stage, the data and the place in it', async () => {
    const seen: unknown[] = [];
    class Looks extends Callback {
      @Hook('on_train_batch_end')
      @Hook('on_validation_batch_end')
      look(trainer: Trainer) {
        const { training, validating, sanityChecking, evaluating, isLastBatch } = trainer;
        const stage = { training, validating, sanityChecking, evaluating };
        const names = Object.entries(stage).filter(([, is]) => is);
        seen.push([names.map(([name]) => name).join(' '), isLastBatch]);
      }
    }
    const trainer = new Trainer({
      ...quiet,
      numSanityValSteps: 1,
      limitTrainBatches: 2,
      maxEpochs: 1,
      enableCheckpointing: false,
      callbacks: new Looks(),
    });
    const [train, validation] = [batches(5), batches(2)];
    await trainer.fit(new Scripted(), { trainDataloader: train, valDataloaders: [validation, batches(3)] });
    expect(seen).toEqual([
      ...Array(2).fill(['sanityChecking evaluating', false]),
      ['training', false],
      ['training', true],
      ...Array(5).fill(['validating evaluating', true]),
    ]);
    expect(trainer.trainDataloader).toBe(train);
    expect(trainer.valDataloaders[0]).toBe(validation);
    const { numTrainingBatches, numSanityValBatches, numValBatches, numTestBatches } = trainer;
    expect([numTrainingBatches, numSanityValBatches, numValBatches, numTestBatches]).toEqual([
      2,
      [1, 1],
      [2, 3],
      [],
    ]);
    expect([trainer.maxEpochs, trainer.maxSteps]).toEqual([1, Number.POSITIVE_INFINITY]);
  });
});
