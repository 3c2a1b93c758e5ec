import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerOptions } from '../trainer/options.js';
import { Trainer } from '../trainer/trainer.js';
import { Timer } from './timer.js';

/** Every training batch takes a second, every validation batch ten. */
class Slow extends LightningModule {
  readonly weight = tf.variable(tf.scalar(1));

  @Hook('training_step')
  learn() {
    vi.advanceTimersByTime(1000);
    return this.weight.square() as tf.Scalar;
  }

  @Hook('validation_step')
  validate() {
    vi.advanceTimersByTime(10_000);
  }

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: 0.1 });
  }
}

async function fit(options: TrainerOptions, ckptPath?: string): Promise<Trainer> {
  const trainer = new Trainer({
    maxEpochs: -1,
    logger: false,
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    numSanityValSteps: 0,
    ...options,
  });
  const trainDataloader = new DataLoader([1, 2, 3, 4]);
  await trainer.fit(new Slow(), {
    trainDataloader,
    valDataloaders: new DataLoader([1]),
    ...(ckptPath && { ckptPath }),
  });
  return trainer;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('Timer', () => {
  it('ends training after the batch in which the time is up', async () => {
    const trainer = await fit({ callbacks: [new Timer({ duration: { seconds: 2.5 } })] });
    expect(trainer.globalStep).toBe(3);
    expect(trainer.shouldStop).toBe(true);
  });

  it('counts the validations in between', async () => {
    // Four batches, the validation, and the next epoch's first.
    const trainer = await fit({ callbacks: [new Timer({ duration: '00:00:00:15' })] });
    expect(trainer.globalStep).toBe(5);
  });

  it('waits for the end of the epoch where it is told to', async () => {
    const trainer = await fit({
      callbacks: [new Timer({ duration: { seconds: 2 }, interval: 'epoch' })],
    });
    expect(trainer.globalStep).toBe(4);
  });

  it('waits for the minimums', async () => {
    const trainer = await fit({ minSteps: 6, callbacks: [new Timer({ duration: { seconds: 1 } })] });
    expect(trainer.globalStep).toBe(6);
  });

  it('is what trainer.maxTime makes, unless there is one', async () => {
    expect((await fit({ maxTime: '00:00:00:02' })).globalStep).toBe(2);
    const own = new Timer({ duration: { seconds: 3 } });
    const trainer = await fit({ maxTime: { seconds: 2 }, callbacks: [own] });
    expect(trainer.callbacks).toEqual([own]);
    expect(trainer.globalStep).toBe(3);
  });

  it('measures the stages', async () => {
    const timer = new Timer();
    expect([timer.startTime(), timer.endTime(), timer.timeElapsed(), timer.timeRemaining()]).toEqual([
      undefined,
      undefined,
      0,
      undefined,
    ]);
    await fit({ maxEpochs: 2, callbacks: [timer] });
    expect(timer.timeElapsed()).toBeCloseTo(28, 6);
    expect(timer.timeElapsed('validate')).toBeCloseTo(10, 6);
    expect(timer.timeElapsed('test')).toBe(0);
    expect(timer.endTime()! - timer.startTime()!).toBeCloseTo(28_000, 3);
  });

  it('goes on with the time of the run that it was resumed from', async () => {
    const first = await fit({ callbacks: [new Timer({ duration: { seconds: 6 } })], limitValBatches: 0 });
    const path = join(mkdtempSync(join(tmpdir(), 'timer-')), 'a.ckpt');
    vi.useRealTimers();
    await first.saveCheckpoint(path);
    vi.useFakeTimers({ toFake: ['performance'] });
    const up = new Timer({ duration: { seconds: 6 } });
    const same = await fit({ callbacks: [up], limitValBatches: 0 }, path);
    expect(same.globalStep).toBe(6);
    expect(up.timeElapsed()).toBeCloseTo(6, 6);
    const longer = await fit(
      { callbacks: [new Timer({ duration: { seconds: 8 } })], limitValBatches: 0 },
      path,
    );
    expect(longer.globalStep).toBe(8);
  });

  it.each([{ duration: '1 hour' }, { duration: { foo: 1 } }, { interval: 'batch' }])(
    'refuses %j',
    (options) => {
      expect(() => new Timer(options as never)).toThrow(expect.objectContaining({ code: 'PL5056' }));
    },
  );

  it.each(['1 hour', { foo: 1 }, 60])('refuses maxTime: %j', (maxTime) => {
    expect(() => new Trainer({ maxTime: maxTime as never })).toThrow(
      expect.objectContaining({ code: 'PL5012', message: expect.stringContaining('trainer.maxTime') }),
    );
  });
});
