import { afterEach, describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { Callback } from '../callbacks/callback.js';
import { batches, quiet, Scripted } from '../callbacks/scripted.test.support.js';
import { Hook, ValidationStep } from '../hooks/decorators.js';
import { Logger } from '../loggers/logger.js';
import * as tf from '../tf.js';
import type { TrainerOptions } from './options.js';
import { Trainer } from './trainer.js';

class Lines extends Logger {
  readonly name = 'lines';
  readonly version = 0;
  readonly lines: [step: number, metrics: Readonly<Record<string, number>>][] = [];

  logHyperparams(): void {}

  logMetrics(metrics: Readonly<Record<string, number>>, step: number): void {
    this.lines.push([step, metrics]);
  }
}

function newTrainer(options: TrainerOptions = {}) {
  const logger = new Lines();
  const trainer = new Trainer({
    ...quiet,
    enableCheckpointing: false,
    logEveryNSteps: 1,
    logger,
    ...options,
  });
  return { trainer, lines: logger.lines };
}

afterEach(() => vi.restoreAllMocks());

describe('a step that logs', () => {
  it('leaves no tensors behind', async () => {
    const counts = new Set<number>();
    const module = new Scripted({
      onTrainingBatch(module, batchIdx) {
        // The first step makes the gradients.
        if (module.globalStep > 0) counts.add(tf.memory().numTensors);
        module.log('loss', tf.scalar(batchIdx).mul(2) as tf.Scalar, { onEpoch: true });
      },
    });
    const { trainer } = newTrainer({ maxEpochs: 3 });
    await trainer.fit(module, { trainDataloader: batches(4) });
    expect(counts.size).toBe(1);
    expect(trainer.callbackMetrics.loss).toBe(3);
  });

  it('is seen at once by whoever asks for the metrics', async () => {
    const seen: unknown[] = [];
    const module = new Scripted({
      onTrainingBatch(module, batchIdx) {
        module.log('x', batchIdx, { progBar: true });
        const { callbackMetrics, loggedMetrics, progressBarMetrics } = module.trainer;
        seen.push([{ ...callbackMetrics }, { ...loggedMetrics }, { ...progressBarMetrics }]);
      },
    });
    const { trainer } = newTrainer({ maxEpochs: 1 });
    await trainer.fit(module, { trainDataloader: batches(2) });
    expect(seen).toEqual([0, 1].map((x) => [{ x }, { x }, { x }]));
  });

  it('counts again at later steps of its epoch that do not log', async () => {
    const module = new Scripted({
      onTrainingBatch: (module, batchIdx) => void (batchIdx === 1 && module.log('rare', 5)),
    });
    const { trainer, lines } = newTrainer({ maxEpochs: 2 });
    await trainer.fit(module, { trainDataloader: batches(3) });
    expect(lines.map(([step, { rare }]) => [step, rare])).toEqual([
      [1, 5],
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
  });

  it.each([
    [0, []],
    [2, [1, 3, 5]],
    [4, [3]],
  ])('goes to the loggers every %i steps', async (logEveryNSteps, steps) => {
    const module = new Scripted({ onTrainingBatch: (module) => module.log('x', 1) });
    const { trainer, lines } = newTrainer({ maxEpochs: 2, logEveryNSteps });
    await trainer.fit(module, { trainDataloader: batches(3) });
    expect(lines.map(([step]) => step)).toEqual(steps);
  });

  it('goes to the loggers when it is the last, because training was asked to stop', async () => {
    const module = new Scripted({
      onTrainingBatch(module, batchIdx) {
        module.log('x', batchIdx);
        if (batchIdx === 1) module.trainer.shouldStop = true;
      },
    });
    const { trainer, lines } = newTrainer({ maxEpochs: 1, logEveryNSteps: 50 });
    await trainer.fit(module, { trainDataloader: batches(3) });
    expect(lines).toEqual([[1, { epoch: 0, x: 1 }]]);
  });

  it('can choose its place on the axis, and name the epoch', async () => {
    const module = new Scripted({
      onTrainingBatch(module, batchIdx) {
        module.log('epoch', 7);
        if (batchIdx === 1) module.log('step', 100.5);
      },
    });
    const { trainer, lines } = newTrainer({ maxEpochs: 1 });
    await trainer.fit(module, { trainDataloader: batches(2) });
    expect(lines).toEqual([
      [0, { epoch: 7 }],
      [100, { epoch: 7 }],
    ]);
  });
});

describe('an evaluation that logs', () => {
  const logsX = { onValidationBatch: (module: Scripted, batchIdx: number) => module.log('x', batchIdx) };

  it('is placed by the training that came before', async () => {
    const { trainer, lines } = newTrainer({ maxEpochs: 1 });
    const module = new Scripted(logsX);
    await trainer.fit(module, { trainDataloader: batches(3) });
    await trainer.validate(module, { dataloaders: batches(3) });
    expect(lines).toEqual([[3, { epoch: 1, x: 1 }]]);
  });

  it('counts its batches through all validations of a fit, per data loader', async () => {
    class Model extends Scripted {
      @ValidationStep
      override validationStep(): void {
        this.log('x', 1, { onStep: true, onEpoch: false });
      }
    }
    const { trainer, lines } = newTrainer({ maxEpochs: 2, numSanityValSteps: 2 });
    await trainer.fit(new Model(), {
      trainDataloader: batches(1),
      valDataloaders: [batches(2), batches(1)],
    });
    const axis = lines.map(([step, metrics]) => [step, Object.keys(metrics)[0]]);
    const pass = (first: number, second: number) => [
      [first, 'x/dataloader_idx_0'],
      [first + 1, 'x/dataloader_idx_0'],
      [second, 'x/dataloader_idx_1'],
    ];
    expect(axis).toEqual([...pass(0, 0), ...pass(2, 1)]);
  });

  it('returns the metrics of its end with those of every data loader, without what is not for loggers', async () => {
    class Model extends Scripted {
      @ValidationStep
      override validationStep(): void {
        this.log('x', 1);
        this.log('hidden', 1, { logger: false });
      }
      @Hook('on_validation_epoch_end')
      end(): void {
        this.log('total', 2);
      }
    }
    const { trainer, lines } = newTrainer();
    const metrics = await trainer.validate(new Model(), { dataloaders: [batches(1), batches(1)] });
    expect(metrics).toEqual([
      { 'x/dataloader_idx_0': 1, total: 2 },
      { 'x/dataloader_idx_1': 1, total: 2 },
    ]);
    expect(lines).toEqual([[0, { epoch: 0, 'x/dataloader_idx_0': 1, 'x/dataloader_idx_1': 1, total: 2 }]]);
    expect(trainer.callbackMetrics['hidden/dataloader_idx_1']).toBe(1);
  });

  it('is forgotten when it was the check before training', async () => {
    const seen: unknown[] = [];
    const module = new Scripted({
      onTrainingBatch: ({ trainer }) => void seen.push({ ...trainer.callbackMetrics }),
      ...logsX,
    });
    const { trainer, lines } = newTrainer({ maxEpochs: 1, numSanityValSteps: 1, limitValBatches: 1 });
    await trainer.fit(module, { trainDataloader: batches(1), valDataloaders: batches(1) });
    expect(seen).toEqual([{}]);
    expect(lines).toEqual([[0, { epoch: 0, x: 0 }]]);
  });
});

describe('log', () => {
  it('belongs to callbacks, too', async () => {
    class Measures extends Callback {
      @Hook('on_train_batch_end')
      measure(): void {
        this.log('own', 1, { progBar: true });
        this.logDict({ a: 2, b: tf.scalar(3) });
      }
    }
    const { trainer, lines } = newTrainer({ maxEpochs: 1, callbacks: [new Measures()] });
    await trainer.fit(new Scripted(), { trainDataloader: batches(1) });
    expect(lines).toEqual([[0, { epoch: 0, own: 1, a: 2, b: 3 }]]);
    expect(trainer.progressBarMetrics).toEqual({ own: 1 });
  });

  it('with a value that no step had is dropped with the step that failed', async () => {
    const module = new Scripted({
      onTrainingBatch(module, batchIdx) {
        module.log('x', batchIdx);
        if (batchIdx === 1) throw new Error('boom');
      },
    });
    const { trainer } = newTrainer({ maxEpochs: 1 });
    await expect(trainer.fit(module, { trainDataloader: batches(2) })).rejects.toThrow('boom');
    expect(trainer.callbackMetrics).toEqual({ x: 0 });
  });

  it('is refused while a checkpoint is written', async () => {
    class Model extends Scripted {
      @Hook('on_save_checkpoint')
      save(): void {
        this.log('x', 1);
      }
    }
    class Saves extends Callback {
      @Hook('on_train_batch_end')
      async save(trainer: Trainer): Promise<void> {
        await trainer.saveCheckpoint('/nonexistent/x.ckpt');
      }
    }
    const { trainer } = newTrainer({ maxEpochs: 1, callbacks: [new Saves()] });
    await expect(trainer.fit(new Model(), { trainDataloader: batches(1) })).rejects.toMatchObject({
      code: 'PL5002',
      message: expect.stringMatching(/on_save_checkpoint/),
    });
  });

  it('of steps that come more rarely than epochs end is pointed out', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { trainer } = newTrainer({ maxEpochs: 1, logEveryNSteps: 50 });
    await trainer.fit(new Scripted(), { trainDataloader: batches(3) });
    expect(write.mock.calls.flat().join('')).toMatch(/3 training batches.*every 50th/);
  });
});
