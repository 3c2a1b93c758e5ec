import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { Callback } from '../callbacks/callback.js';
import { batches, quiet, Scripted } from '../callbacks/scripted.test.support.js';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import { type AutocastEngine, registerAutocastEngine } from '../engines/autocast-engine.js';
import { Hook, TrainingStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { gradOf } from '../optim/gradients.js';
import { StepLR } from '../optim/lr-schedulers/step-lr.js';
import type { Optimizer } from '../optim/optimizer.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerOptions } from './options.js';
import { Trainer } from './trainer.js';

const base: TrainerOptions = { ...quiet, engine: 'ort', maxEpochs: 1, enableCheckpointing: false };

describe('the settings of precision', () => {
  it.each([
    ['precision', 'bf17', 'PL8201', /^trainer\.precision is "bf17"/],
    ['precision', '64-true', 'PL8201', /no 64-bit numbers/],
    ['matmulPrecision', 'exact', 'PL8201', /^trainer\.matmulPrecision is "exact"/],
  ])('%s %s is refused', (name, value, code, message) => {
    const options = { ...base, [name]: value } as TrainerOptions;
    expect(() => new Trainer(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('has Lightning’s short forms', () => {
    for (const precision of [16, 32, '16', '32', 'bf16', 'bf16-true'] as const) {
      expect(new Trainer({ ...base, precision }).config.precision).toBe(precision);
    }
  });

  it('says before anything runs what the engine cannot do', async () => {
    const setup = vi.fn();
    class Watched extends Scripted {
      @Hook('setup')
      setUp() {
        setup();
      }
    }
    const trainer = new Trainer({ ...base, precision: 'bf16-mixed' });
    const expected = {
      code: 'PL8202',
      message: expect.stringContaining('the engine ort cannot do the precision bf16-mixed'),
    };
    await expect(trainer.fit(new Watched(), { trainDataloader: batches(1) })).rejects.toMatchObject(expected);
    await expect(trainer.test(new Watched(), { dataloaders: batches(1) })).rejects.toMatchObject(expected);
    expect(setup).not.toHaveBeenCalled();
  });
});

/** The embedded engine with a loss scale, as if its numbers were of 16 bits: what the trainer does is the same. */
const scaling: AutocastEngine & { runs: number; inside: boolean } = {
  runs: 0,
  inside: false,
  precisions: () => ['16-mixed'],
  autocast(_, forward) {
    this.runs++;
    this.inside = true;
    try {
      return forward();
    } finally {
      this.inside = false;
    }
  },
};

/** Notes what hooks see, by batch. */
class Notes extends Callback {
  readonly scaled: number[] = [];
  readonly unscaled: number[] = [];
  readonly inside: boolean[] = [];
  readonly rates: number[] = [];

  constructor(readonly watched: (module: LightningModule) => tf.Variable) {
    super();
  }

  #grad(module: LightningModule): number {
    this.inside.push(scaling.inside);
    return gradOf(this.watched(module))!.dataSync()[0]!;
  }

  @Hook('on_after_backward')
  after(_: Trainer, module: LightningModule) {
    this.scaled.push(this.#grad(module));
  }

  @Hook('on_before_optimizer_step')
  before(_: Trainer, module: LightningModule) {
    this.unscaled.push(this.#grad(module));
  }

  @Hook('on_train_batch_end')
  end(trainer: Trainer) {
    this.rates.push((trainer.optimizers[0] as SGD).paramGroups[0]!.lr as number);
  }
}

/** One weight whose gradient is 1, and infinite in the batches that are told. */
class Weight extends LightningModule {
  readonly w = tf.variable(tf.tensor1d([1]));

  constructor(readonly overflows: readonly number[] = []) {
    super();
  }

  @TrainingStep
  step(_: unknown, batchIdx: number): tf.Scalar {
    const factor = this.overflows.includes(batchIdx) ? Number.POSITIVE_INFINITY : 1;
    return this.w.mul(factor).sum() as tf.Scalar;
  }

  @Hook('configure_optimizers')
  optimizer() {
    const optimizer = new SGD(this.parameters(), { lr: 0.5 });
    return {
      optimizer,
      lrScheduler: {
        scheduler: new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }),
        interval: 'step' as const,
      },
    };
  }
}

describe('16-mixed', () => {
  let folder = '';
  beforeAll(() => {
    registerAutocastEngine('ort', scaling);
    folder = mkdtempSync(join(tmpdir(), 'pl-precision-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const notes = () => new Notes((module) => (module as Weight).w);
  const mixed: TrainerOptions = { ...base, precision: '16-mixed' };
  const fit = async (module: LightningModule, options: TrainerOptions, count: number, ckptPath?: string) => {
    const trainer = new Trainer({ ...mixed, ...options });
    await trainer.fit(module, { trainDataloader: batches(count), ...(ckptPath && { ckptPath }) });
    return trainer;
  };

  it('runs the steps in it, and nothing else', async () => {
    const callback = notes();
    const before = scaling.runs;
    await fit(new Weight(), { callbacks: callback }, 3);
    expect(scaling.runs - before).toBe(3);
    expect(callback.inside).toEqual([false, false, false, false, false, false]);
    const evaluated = scaling.runs;
    await new Trainer(mixed).test(new Scripted(), { dataloaders: batches(2) });
    expect(scaling.runs - evaluated).toBe(2);
  });

  it('scales the gradients in the backward pass only', async () => {
    const callback = notes();
    const module = new Weight();
    await fit(module, { callbacks: callback }, 2);
    expect(callback.scaled).toEqual([65536, 65536]);
    expect(callback.unscaled).toEqual([1, 1]);
    expect([...module.w.dataSync()]).toEqual([1 - 0.5 - 0.25]);
  });

  it('accumulates scaled gradients, and clips those of the loss', async () => {
    const callback = notes();
    const module = new Weight();
    await fit(module, { callbacks: callback, accumulateGradBatches: 2, gradientClipVal: 0.25 }, 2);
    expect(callback.scaled).toEqual([32768, 65536]);
    expect(callback.unscaled).toEqual([1]);
    expect(module.w.dataSync()[0]).toBeCloseTo(1 - 0.5 * 0.25, 5);
  });

  it('holds back a step that overflowed: it counts, but the scheduler waits', async () => {
    const callback = notes();
    const module = new Weight([1]);
    const trainer = await fit(module, { callbacks: callback }, 3);
    expect(callback.unscaled).toEqual([1, Number.POSITIVE_INFINITY, 1]);
    expect(callback.scaled).toEqual([65536, Number.POSITIVE_INFINITY, 32768]);
    expect(callback.rates).toEqual([0.25, 0.25, 0.125]);
    expect([...module.w.dataSync()]).toEqual([1 - 0.5 - 0.25]);
    expect(trainer.globalStep).toBe(3);
  });

  it('keeps the scale in checkpoints, and goes on with it', async () => {
    const path = join(folder, 'middle.ckpt');
    class Saves extends Callback {
      @Hook('on_train_batch_end')
      async save(
        trainer: Trainer,
        _module: LightningModule,
        _outputs: unknown,
        _batch: unknown,
        batchIdx: number,
      ) {
        if (batchIdx === 1) await trainer.saveCheckpoint(path);
      }
    }
    const whole = new Weight([0]);
    await fit(whole, { callbacks: new Saves() }, 4);
    const { extra } = await readCheckpoint(path);
    expect(extra?.MixedPrecision).toEqual({
      scale: 32768,
      growth_factor: 2,
      backoff_factor: 0.5,
      growth_interval: 2000,
      _growth_tracker: 1,
      skipped_steps: 1,
    });
    const callback = notes();
    const resumed = new Weight();
    await fit(resumed, { callbacks: callback }, 4, path);
    expect(callback.scaled).toEqual([32768, 32768]);
    expect([...resumed.w.dataSync()]).toEqual([...whole.w.dataSync()]);
  });

  it('keeps the scale from one fit to the next, and out of files of weights', async () => {
    const path = join(folder, 'weights.ckpt');
    const trainer = await fit(new Weight([0]), {}, 1);
    await trainer.saveCheckpoint(path, { weightsOnly: true });
    expect((await readCheckpoint(path)).extra?.MixedPrecision).toBeUndefined();
    const callback = notes();
    const other = new Trainer({ ...mixed, callbacks: callback });
    await other.fit(new Weight([0]), { trainDataloader: batches(1) });
    await other.fit(new Weight(), { trainDataloader: batches(1) });
    expect(callback.scaled).toEqual([Number.POSITIVE_INFINITY, 32768]);
  });

  it('scales for steps that optimize for themselves, too', async () => {
    const norms: number[] = [];
    class Own extends Weight {
      override readonly automaticOptimization = false;

      @TrainingStep
      override step(_: unknown, batchIdx: number): never {
        const optimizer = this.optimizers() as ReturnType<typeof this.optimizers> & Optimizer;
        optimizer.zeroGrad();
        const loss = super.step(_, batchIdx);
        this.manualBackward(loss);
        if (batchIdx === 2) this.clipGradients(optimizer, 0.25, 'value');
        norms.push(gradOf(this.w)!.dataSync()[0]!);
        optimizer.step();
        return undefined as never;
      }
    }
    const callback = notes();
    const module = new Own([1]);
    const trainer = await fit(module, { callbacks: callback }, 3);
    expect(norms).toEqual([65536, Number.POSITIVE_INFINITY, 0.25]);
    expect(callback.unscaled).toEqual([1, Number.POSITIVE_INFINITY, 0.25]);
    expect([...module.w.dataSync()]).toEqual([1 - 0.5 - 0.5 * 0.25]);
    expect(trainer.globalStep).toBe(3);
  });
});
