import { readFileSync } from 'node:fs';
import {
  Callback,
  ConstantLR,
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  DataLoader,
  Hook,
  LightningModule,
  LinearLR,
  type LRScheduler,
  MultiplicativeLR,
  MultiStepLR,
  type Optimizer,
  ReduceLROnPlateau,
  SGD,
  StepLR,
  Trainer,
  TrainingStep,
  tf,
  ValidationStep,
} from '@pl-ts/runtime';
import { describe, expect, it } from 'vitest';

interface Recorded {
  lr_in_training_step: number[];
  lr_at_on_train_epoch_start: number[];
  lr_at_on_train_epoch_end_hook: number[];
  lr_after_fit: number;
  global_step: number;
  raised?: { class: string };
}

const recorded: {
  setup: { plateau_val_loss_per_validation: number[] };
  trainer: Record<string, Record<string, Recorded>>;
} = JSON.parse(readFileSync(new URL('lr_schedule_2.6.5.json', import.meta.url), 'utf8'));

const schedulers: Record<string, (optimizer: Optimizer) => LRScheduler> = {
  'StepLR(step_size=2, gamma=0.1)': (o) => new StepLR(o, { stepSize: 2, gamma: 0.1 }),
  'MultiStepLR(milestones=[2, 5], gamma=0.5)': (o) => new MultiStepLR(o, { milestones: [2, 5], gamma: 0.5 }),
  'CosineAnnealingLR(T_max=6, eta_min=0.01)': (o) => new CosineAnnealingLR(o, { tMax: 6, etaMin: 0.01 }),
  'CosineAnnealingWarmRestarts(T_0=3, T_mult=2, eta_min=0.001)': (o) =>
    new CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2, etaMin: 0.001 }),
  'LinearLR(start_factor=0.25, end_factor=1.0, total_iters=4)': (o) =>
    new LinearLR(o, { startFactor: 0.25, endFactor: 1, totalIters: 4 }),
  'ConstantLR(factor=0.5, total_iters=3)': (o) => new ConstantLR(o, { factor: 0.5, totalIters: 3 }),
  'MultiplicativeLR(lambda e: 0.95)': (o) => new MultiplicativeLR(o, { lrLambda: () => 0.95 }),
  'ReduceLROnPlateau(mode=min, factor=0.5, patience=0, cooldown=1, min_lr=0.02)': (o) =>
    new ReduceLROnPlateau(o, { mode: 'min', factor: 0.5, patience: 0, cooldown: 1, minLr: 0.02 }),
  'ReduceLROnPlateau(mode=max, factor=0.1, patience=2)': (o) =>
    new ReduceLROnPlateau(o, { mode: 'max', factor: 0.1, patience: 2 }),
};

/** What a case's key says: `interval=step frequency=2 accumulate_grad_batches=2 monitor=val_loss epochs=8`. */
function settings(key: string): Record<string, string> {
  return Object.fromEntries(key.split(' ').map((part) => part.split('=')));
}

/** Trains one weight without gradients to speak of and notes the learning rate where the reference did. */
async function run(make: (optimizer: Optimizer) => LRScheduler, key: string): Promise<Recorded> {
  const { interval, frequency, accumulate_grad_batches = '1', monitor, epochs = '4' } = settings(key);
  const lrs = { step: [] as number[], start: [] as number[], end: [] as number[] };
  let optimizer!: SGD;
  let validations = 0;
  const lr = () => optimizer.paramGroups[0]!.lr;

  class OneWeight extends LightningModule {
    readonly weight = tf.variable(tf.scalar(1));
    @TrainingStep
    step() {
      lrs.step.push(lr());
      return this.weight.mul(0) as tf.Scalar;
    }
    @ValidationStep
    validateOn() {
      this.log('val_loss', recorded.setup.plateau_val_loss_per_validation[validations++]!);
    }
    @Hook('configure_optimizers')
    configure() {
      optimizer = new SGD(this.parameters(), { lr: 0.1 });
      const scheduler = make(optimizer);
      const config = { scheduler, interval: interval as 'step' | 'epoch', frequency: Number(frequency) };
      return { optimizer, lrScheduler: { ...config, ...(monitor && { monitor }) } };
    }
  }
  class Rates extends Callback {
    @Hook('on_train_epoch_start')
    start() {
      lrs.start.push(lr());
    }
    @Hook('on_train_epoch_end')
    end() {
      lrs.end.push(lr());
    }
  }

  const trainer = new Trainer({
    maxEpochs: Number(epochs),
    accumulateGradBatches: Number(accumulate_grad_batches),
    numSanityValSteps: 0,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [new Rates()],
  });
  const batches = (n: number) => new DataLoader(Array.from({ length: n }, (_, i) => i));
  await trainer.fit(new OneWeight(), {
    trainDataloader: batches(monitor ? 2 : 3),
    ...(monitor && { valDataloaders: batches(1) }),
  });
  return {
    lr_in_training_step: lrs.step,
    lr_at_on_train_epoch_start: lrs.start,
    lr_at_on_train_epoch_end_hook: lrs.end,
    lr_after_fit: lr(),
    global_step: trainer.globalStep,
  };
}

describe('learning rates during a fit are those that Lightning 2.6 recorded, to 1e-12', () => {
  it('for every recorded scheduler', () => {
    expect(Object.keys(schedulers)).toEqual(Object.keys(recorded.trainer));
  });

  for (const [name, cases] of Object.entries(recorded.trainer)) {
    it.each(Object.entries(cases))(`${name}, %s`, async (key, expected) => {
      if (expected.raised) {
        await expect(run(schedulers[name]!, key)).rejects.toThrow(/watches 'val_loss'/);
        return;
      }
      const actual = await run(schedulers[name]!, key);
      expect(actual.global_step).toBe(expected.global_step);
      for (const where of [
        'lr_in_training_step',
        'lr_at_on_train_epoch_start',
        'lr_at_on_train_epoch_end_hook',
      ] as const) {
        expect(actual[where], where).toHaveLength(expected[where].length);
        for (const [i, rate] of actual[where].entries()) expect(rate).toBeCloseTo(expected[where][i]!, 12);
      }
      expect(actual.lr_after_fit).toBeCloseTo(expected.lr_after_fit, 12);
    });
  }
});
