import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import { Adam } from '../adam.js';
import type { Optimizer } from '../optimizer.js';
import { SGD } from '../sgd.js';
import { ChainedScheduler } from './chained-scheduler.js';
import { ConstantLR } from './constant-lr.js';
import { CosineAnnealingLR } from './cosine-annealing-lr.js';
import { CosineAnnealingWarmRestarts } from './cosine-annealing-warm-restarts.js';
import { CyclicLR } from './cyclic-lr.js';
import { ExponentialLR } from './exponential-lr.js';
import { LambdaLR } from './lambda-lr.js';
import { LinearLR } from './linear-lr.js';
import { getLinearScheduleWithWarmup } from './linear-schedule-with-warmup.js';
import type { LRScheduler } from './lr-scheduler.js';
import { MultiStepLR } from './multi-step-lr.js';
import { MultiplicativeLR } from './multiplicative-lr.js';
import { OneCycleLR } from './one-cycle-lr.js';
import { PolynomialLR } from './polynomial-lr.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';
import { SequentialLR } from './sequential-lr.js';
import { StepLR } from './step-lr.js';

/*
 * Rates that PyTorch gave. Both sides compute in double precision, in the same order of operations; what remains is
 * how cosines and powers are rounded, which the recursive forms carry on. So the tolerance is 1e-13 relative, and
 * 1e-17 absolute where a rate comes down to 0.
 */
function expectRates(actual: readonly (number | undefined)[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    const wanted = expected[i]!;
    const off = Math.abs(value! - wanted);
    expect(off, `step ${i}: ${value}, recorded ${wanted}`).toBeLessThanOrEqual(
      1e-13 * Math.abs(wanted) + 1e-17,
    );
  });
}

const variables = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
afterAll(() => tf.dispose(variables));

type Make = (optimizer: Optimizer) => LRScheduler;
type Momentum = { momentum?: number; betas?: [number, number] };

const lrs = (optimizer: Optimizer) => optimizer.paramGroups.map(({ lr }) => lr);
const momenta = (optimizer: Optimizer) =>
  (optimizer.paramGroups as Momentum[]).map(({ betas, momentum }) => betas?.[0] ?? momentum);

/** test/reference/lr_schedule_2.6.5.json, `pure_torch`: PyTorch 2.14.1, one group with lr 0.1. */
const recorded: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../../../test/reference/lr_schedule_2.6.5.json', import.meta.url), 'utf8'),
).pure_torch;

const schedules: Record<string, Make> = {
  'StepLR(step_size=2, gamma=0.1)': (o) => new StepLR(o, { stepSize: 2 }),
  'CosineAnnealingLR(T_max=6, eta_min=0.01)': (o) => new CosineAnnealingLR(o, { tMax: 6, etaMin: 0.01 }),
  'CosineAnnealingLR(T_max=20)': (o) => new CosineAnnealingLR(o, { tMax: 20 }),
  'CosineAnnealingWarmRestarts(T_0=3, T_mult=2, eta_min=0.001)': (o) =>
    new CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2, etaMin: 0.001 }),
  'OneCycleLR(max_lr=0.5, total_steps=14) momentum=0.9': (o) =>
    new OneCycleLR(o, { maxLr: 0.5, totalSteps: 14 }),
  'OneCycleLR(max_lr=0.5, epochs=4, steps_per_epoch=5) momentum=0.9': (o) =>
    new OneCycleLR(o, { maxLr: 0.5, epochs: 4, stepsPerEpoch: 5 }),
  'PolynomialLR(total_iters=5, power=2.0)': (o) => new PolynomialLR(o, { totalIters: 5, power: 2 }),
  'LambdaLR(HF get_linear_schedule_with_warmup warmup=3 total=12)': (o) =>
    getLinearScheduleWithWarmup(o, { numWarmupSteps: 3, numTrainingSteps: 12 }),
  "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=2, mode='triangular2', cycle_momentum=False)": (o) =>
    new CyclicLR(o, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 2, mode: 'triangular2', cycleMomentum: false }),
  "CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=3, step_size_down=5, mode='exp_range', gamma=0.95) momentum=0.9":
    (o) =>
      new CyclicLR(o, {
        baseLr: 0.01,
        maxLr: 0.1,
        stepSizeUp: 3,
        stepSizeDown: 5,
        mode: 'exp_range',
        gamma: 0.95,
      }),
  'MultiplicativeLR(lambda e: 0.95)': (o) => new MultiplicativeLR(o, { lrLambda: () => 0.95 }),
  'ChainedScheduler([ConstantLR(0.1, total_iters=2), ExponentialLR(0.9)])': (o) =>
    new ChainedScheduler([
      new ConstantLR(o, { factor: 0.1, totalIters: 2 }),
      new ExponentialLR(o, { gamma: 0.9 }),
    ]),
};

const plateaus: Record<string, (optimizer: Optimizer) => ReduceLROnPlateau> = {
  'ReduceLROnPlateau(mode=min, factor=0.5, patience=1, threshold=1e-4, threshold_mode=rel)': (o) =>
    new ReduceLROnPlateau(o, { factor: 0.5, patience: 1 }),
  'ReduceLROnPlateau(mode=min, factor=0.5, patience=0, cooldown=1, min_lr=0.02)': (o) =>
    new ReduceLROnPlateau(o, { factor: 0.5, patience: 0, cooldown: 1, minLr: 0.02 }),
  'ReduceLROnPlateau(mode=max, factor=0.1, patience=2)': (o) =>
    new ReduceLROnPlateau(o, { mode: 'max', factor: 0.1, patience: 2 }),
  'ReduceLROnPlateau(mode=min, factor=0.5, patience=1, threshold=0.06, threshold_mode=abs)': (o) =>
    new ReduceLROnPlateau(o, { factor: 0.5, patience: 1, threshold: 0.06, thresholdMode: 'abs' }),
};

test('every recorded schedule is compared', () => {
  const names = Object.keys(recorded).filter((name) => name !== 'note');
  expect([...Object.keys(schedules), ...Object.keys(plateaus)].sort()).toEqual(names.sort());
});

test.each(Object.entries(schedules))('%s', (name, make) => {
  const expected = recorded[name] as {
    lr_before_step_k: number[];
    momentum?: number[];
    then_raises?: string;
  };
  const momentum = name.endsWith('momentum=0.9') ? 0.9 : 0;
  const optimizer = new SGD(variables.slice(0, 1), { lr: 0.1, momentum });
  const scheduler = make(optimizer);
  const actual = expected.lr_before_step_k.map((_, k) => {
    if (k > 0) scheduler.step();
    expect(scheduler.getLastLr()).toEqual(lrs(optimizer));
    expect(scheduler.lastEpoch).toBe(k);
    return { lr: lrs(optimizer)[0]!, momentum: momenta(optimizer)[0]! };
  });
  expectRates(
    actual.map(({ lr }) => lr),
    expected.lr_before_step_k,
  );
  if (expected.momentum !== undefined) {
    expectRates(
      actual.map((step) => step.momentum),
      expected.momentum,
    );
  }
  if (expected.then_raises !== undefined) {
    const before = scheduler.stateDict();
    expect(() => scheduler.step()).toThrow(expect.objectContaining({ code: 'PL7205' }));
    expect(scheduler.stateDict()).toEqual(before);
  }
});

test.each(Object.entries(plateaus))('%s', (name, make) => {
  const rows = recorded[name] as Record<string, number | 'NaN'>[];
  const optimizer = new SGD(variables.slice(0, 1), { lr: 0.1 });
  const scheduler = make(optimizer);
  for (const row of rows) {
    scheduler.step(Number(row.metric));
    expect({
      metric: row.metric,
      lr: optimizer.paramGroups[0]!.lr,
      best: scheduler.best,
      num_bad_epochs: scheduler.numBadEpochs,
      cooldown_counter: scheduler.cooldownCounter,
    }).toEqual(row);
  }
});

/** torch-schedules.json: PyTorch 1.13.1, two groups with lr 0.1 and 0.02. */
const twoGroups: Record<string, { lr: number[][]; momentum?: number[][]; metrics?: number[] }> = JSON.parse(
  readFileSync(new URL('./torch-schedules.json', import.meta.url), 'utf8'),
).cases;

const groupSchedules: Record<string, Make> = {
  'StepLR(step_size=3, gamma=0.7)': (o) => new StepLR(o, { stepSize: 3, gamma: 0.7 }),
  'MultiStepLR(milestones=[2, 5, 5, 11], gamma=0.3)': (o) =>
    new MultiStepLR(o, { milestones: [2, 5, 5, 11], gamma: 0.3 }),
  'ExponentialLR(gamma=0.93)': (o) => new ExponentialLR(o, { gamma: 0.93 }),
  'CosineAnnealingLR(T_max=7, eta_min=0.003)': (o) => new CosineAnnealingLR(o, { tMax: 7, etaMin: 0.003 }),
  'CosineAnnealingLR(T_max=1)': (o) => new CosineAnnealingLR(o, { tMax: 1 }),
  'CosineAnnealingWarmRestarts(T_0=2, T_mult=3, eta_min=0.001)': (o) =>
    new CosineAnnealingWarmRestarts(o, { t0: 2, tMult: 3, etaMin: 0.001 }),
  'CosineAnnealingWarmRestarts(T_0=5)': (o) => new CosineAnnealingWarmRestarts(o, { t0: 5 }),
  'LinearLR()': (o) => new LinearLR(o),
  'LinearLR(start_factor=1.0, end_factor=0.0, total_iters=10)': (o) =>
    new LinearLR(o, { startFactor: 1, endFactor: 0, totalIters: 10 }),
  'LinearLR(start_factor=0.2, end_factor=0.9, total_iters=7)': (o) =>
    new LinearLR(o, { startFactor: 0.2, endFactor: 0.9, totalIters: 7 }),
  'ConstantLR()': (o) => new ConstantLR(o),
  'PolynomialLR(total_iters=9, power=0.7)': (o) => new PolynomialLR(o, { totalIters: 9, power: 0.7 }),
  'LambdaLR([lambda k: 0.95 ** k, lambda k: 1 / (1 + k)])': (o) =>
    new LambdaLR(o, { lrLambda: [(k) => 0.95 ** k, (k) => 1 / (1 + k)] }),
  'MultiplicativeLR([lambda k: 0.9, lambda k: 1 / (1 + k)])': (o) =>
    new MultiplicativeLR(o, { lrLambda: [() => 0.9, (k) => 1 / (1 + k)] }),
  'OneCycleLR(max_lr=[0.5, 0.3], total_steps=24, three_phase=True) momentum=0.9': (o) =>
    new OneCycleLR(o, { maxLr: [0.5, 0.3], totalSteps: 24, threePhase: true }),
  'OneCycleLR(max_lr=0.5, total_steps=24, anneal_strategy="linear", pct_start=0.4, base_momentum=[0.7, 0.8], max_momentum=[0.9, 0.99], div_factor=10, final_div_factor=100) momentum=0.9':
    (o) =>
      new OneCycleLR(o, {
        maxLr: 0.5,
        totalSteps: 24,
        annealStrategy: 'linear',
        pctStart: 0.4,
        baseMomentum: [0.7, 0.8],
        maxMomentum: [0.9, 0.99],
        divFactor: 10,
        finalDivFactor: 100,
      }),
  'OneCycleLR(max_lr=0.5, epochs=3, steps_per_epoch=8, three_phase=True, anneal_strategy="linear") Adam': (
    o,
  ) =>
    new OneCycleLR(o, {
      maxLr: 0.5,
      epochs: 3,
      stepsPerEpoch: 8,
      threePhase: true,
      annealStrategy: 'linear',
    }),
  'OneCycleLR(max_lr=0.5, total_steps=24, pct_start=0.0, cycle_momentum=False) momentum=0.9': (o) =>
    new OneCycleLR(o, { maxLr: 0.5, totalSteps: 24, pctStart: 0, cycleMomentum: false }),
  'CyclicLR(base_lr=[0.01, 0.02], max_lr=[0.1, 0.3], step_size_up=3, step_size_down=4, cycle_momentum=False) Adam':
    (o) =>
      new CyclicLR(o, {
        baseLr: [0.01, 0.02],
        maxLr: [0.1, 0.3],
        stepSizeUp: 3,
        stepSizeDown: 4,
        cycleMomentum: false,
      }),
  'CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=4, mode="triangular2") momentum=0.9': (o) =>
    new CyclicLR(o, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 4, mode: 'triangular2' }),
  'CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=4, scale_fn=lambda k: 1 / (1 + k), scale_mode="iterations") momentum=0.9':
    (o) =>
      new CyclicLR(o, {
        baseLr: 0.01,
        maxLr: 0.1,
        stepSizeUp: 4,
        scaleFn: (k) => 1 / (1 + k),
        scaleMode: 'iterations',
      }),
  'SequentialLR([LinearLR(start_factor=0.1, total_iters=5), CosineAnnealingLR(T_max=15)], milestones=[5])': (
    o,
  ) =>
    new SequentialLR(o, {
      schedulers: [
        new LinearLR(o, { startFactor: 0.1, totalIters: 5 }),
        new CosineAnnealingLR(o, { tMax: 15 }),
      ],
      milestones: [5],
    }),
  'SequentialLR([ConstantLR(factor=0.1, total_iters=2), ExponentialLR(gamma=0.9)], milestones=[2])': (o) =>
    new SequentialLR(o, {
      schedulers: [new ConstantLR(o, { factor: 0.1, totalIters: 2 }), new ExponentialLR(o, { gamma: 0.9 })],
      milestones: [2],
    }),
  'SequentialLR([ExponentialLR(gamma=0.9), StepLR(step_size=2, gamma=0.5), PolynomialLR(total_iters=6), MultiStepLR(milestones=[2], gamma=0.1)], milestones=[3, 9, 16])':
    (o) =>
      new SequentialLR(o, {
        schedulers: [
          new ExponentialLR(o, { gamma: 0.9 }),
          new StepLR(o, { stepSize: 2, gamma: 0.5 }),
          new PolynomialLR(o, { totalIters: 6 }),
          new MultiStepLR(o, { milestones: [2], gamma: 0.1 }),
        ],
        milestones: [3, 9, 16],
      }),
  'SequentialLR([LambdaLR(lambda k: 0.5 ** k), MultiplicativeLR(lambda k: 0.9), CosineAnnealingWarmRestarts(T_0=4)], milestones=[4, 9])':
    (o) =>
      new SequentialLR(o, {
        schedulers: [
          new LambdaLR(o, { lrLambda: (k) => 0.5 ** k }),
          new MultiplicativeLR(o, { lrLambda: () => 0.9 }),
          new CosineAnnealingWarmRestarts(o, { t0: 4 }),
        ],
        milestones: [4, 9],
      }),
  'SequentialLR([LinearLR(start_factor=0.5, total_iters=4), OneCycleLR(max_lr=0.5, total_steps=30, cycle_momentum=False)], milestones=[4])':
    (o) =>
      new SequentialLR(o, {
        schedulers: [
          new LinearLR(o, { startFactor: 0.5, totalIters: 4 }),
          new OneCycleLR(o, { maxLr: 0.5, totalSteps: 30, cycleMomentum: false }),
        ],
        milestones: [4],
      }),
  'ChainedScheduler([LinearLR(start_factor=0.2, total_iters=6), CosineAnnealingLR(T_max=10, eta_min=0.001)])':
    (o) =>
      new ChainedScheduler([
        new LinearLR(o, { startFactor: 0.2, totalIters: 6 }),
        new CosineAnnealingLR(o, { tMax: 10, etaMin: 0.001 }),
      ]),
  'ChainedScheduler([PolynomialLR(total_iters=20, power=2), StepLR(step_size=4), MultiplicativeLR(lambda k: 1.1)])':
    (o) =>
      new ChainedScheduler([
        new PolynomialLR(o, { totalIters: 20, power: 2 }),
        new StepLR(o, { stepSize: 4 }),
        new MultiplicativeLR(o, { lrLambda: () => 1.1 }),
      ]),
};

function twoGroupOptimizer(name: string): Optimizer {
  const groups = [{ params: variables.slice(0, 1) }, { params: variables.slice(1), lr: 0.02 }];
  if (name.endsWith('Adam')) return new Adam(groups, { lr: 0.1 });
  return new SGD(groups, { lr: 0.1, momentum: name.endsWith('momentum=0.9') ? 0.9 : 0 });
}

test.each(Object.entries(groupSchedules))('two groups: %s', (name, make) => {
  const expected = twoGroups[name]!;
  const optimizer = twoGroupOptimizer(name);
  const scheduler = make(optimizer);
  const steps = expected.lr.map((_, k) => {
    if (k > 0) scheduler.step();
    return { lr: lrs(optimizer), momentum: momenta(optimizer) };
  });
  for (const group of [0, 1]) {
    expectRates(
      steps.map(({ lr }) => lr[group]!),
      expected.lr.map((lr) => lr[group]!),
    );
    if (expected.momentum === undefined) continue;
    expectRates(
      steps.map(({ momentum }) => momentum[group]!),
      expected.momentum.map((momentum) => momentum[group]!),
    );
  }
});

/** Recordings that do more than make a scheduler and step it. */
const scripts: Record<string, () => number[][]> = {
  'CosineAnnealingWarmRestarts(T_0=2, T_mult=2, eta_min=0.001).step(k / 4) for k < 40, then step()': () => {
    const optimizer = twoGroupOptimizer('SGD');
    const scheduler = new CosineAnnealingWarmRestarts(optimizer, { t0: 2, tMult: 2, etaMin: 0.001 });
    return Array.from({ length: 41 }, (_, k) => {
      scheduler.step(k < 40 ? k / 4 : undefined);
      return lrs(optimizer);
    });
  },
  'CosineAnnealingLR(T_max=8), lr doubled before, lr of group 1 set to 0.5 before step 6': () => {
    const optimizer = twoGroupOptimizer('SGD');
    for (const group of optimizer.paramGroups) group.lr *= 2;
    const scheduler = new CosineAnnealingLR(optimizer, { tMax: 8 });
    return Array.from({ length: 25 }, (_, k) => {
      if (k === 6) optimizer.paramGroups[1]!.lr = 0.5;
      if (k > 0) scheduler.step();
      return lrs(optimizer);
    });
  },
  'CosineAnnealingLR(T_max=8, last_epoch=4), lr halved before': () =>
    continued((o) => new CosineAnnealingLR(o, { tMax: 8, lastEpoch: 4 })),
  'StepLR(step_size=3, last_epoch=4), lr halved before': () =>
    continued((o) => new StepLR(o, { stepSize: 3, lastEpoch: 4 })),
  'ReduceLROnPlateau(mode="max", factor=0.5, patience=1, threshold=0.1, threshold_mode="abs", cooldown=2, min_lr=[0.03, 0.001], eps=1e-3)':
    () => {
      const optimizer = twoGroupOptimizer('SGD');
      const scheduler = new ReduceLROnPlateau(optimizer, {
        mode: 'max',
        factor: 0.5,
        patience: 1,
        threshold: 0.1,
        thresholdMode: 'abs',
        cooldown: 2,
        minLr: [0.03, 0.001],
        eps: 1e-3,
      });
      const metrics = Object.entries(twoGroups).find(([name]) => name.startsWith('Reduce'))![1].metrics!;
      return metrics.map((metric) => {
        scheduler.step(metric);
        return lrs(optimizer);
      });
    },
};

function continued(make: Make): number[][] {
  const optimizer = twoGroupOptimizer('SGD');
  for (const group of optimizer.paramGroups) group.lr /= 2;
  const scheduler = make(optimizer);
  return Array.from({ length: 25 }, (_, k) => {
    if (k > 0) scheduler.step();
    return lrs(optimizer);
  });
}

test.each(Object.entries(scripts))('two groups: %s', (name, script) => {
  expectRates(script().flat(), twoGroups[name]!.lr.flat());
});

test('every schedule of two groups is compared', () => {
  expect([...Object.keys(groupSchedules), ...Object.keys(scripts)].sort()).toEqual(
    Object.keys(twoGroups).sort(),
  );
});
