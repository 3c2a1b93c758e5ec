import { afterAll, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import { setGrad } from '../gradients.js';
import { positiveInteger } from '../options.js';
import { SGD } from '../sgd.js';
import { ChainedScheduler } from './chained-scheduler.js';
import { ConstantLR } from './constant-lr.js';
import { CosineAnnealingWarmRestarts } from './cosine-annealing-warm-restarts.js';
import { getCosineScheduleWithWarmup } from './cosine-schedule-with-warmup.js';
import { EpochLR } from './epoch-lr.js';
import { ExponentialLR } from './exponential-lr.js';
import { LinearLR } from './linear-lr.js';
import { getLinearScheduleWithWarmup } from './linear-schedule-with-warmup.js';
import type { LRScheduler } from './lr-scheduler.js';
import { OneCycleLR } from './one-cycle-lr.js';
import { SequentialLR } from './sequential-lr.js';
import { StepLR } from './step-lr.js';

const variables = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
afterAll(() => tf.dispose(variables));
const sgd = (lr = 1) => new SGD(variables.slice(0, 1), { lr });

function rates(scheduler: LRScheduler, steps: number): number[] {
  const all = scheduler.getLastLr();
  for (let k = 0; k < steps; k++) {
    scheduler.step();
    all.push(...scheduler.getLastLr());
  }
  return all.map((lr) => Number(lr.toPrecision(12)));
}

test('the cosine with warm-up rises to the rate in a line and falls to 0 in half a wave', () => {
  const scheduler = getCosineScheduleWithWarmup(sgd(2), { numWarmupSteps: 2, numTrainingSteps: 6 });
  const wave = (part: number) => Number((1 + Math.cos(Math.PI * part)).toPrecision(12));
  expect(rates(scheduler, 6)).toEqual([0, 1, 2, wave(0.25), 1, wave(0.75), 0]);
});

test('the cosine with warm-up and a whole wave comes back to the rate', () => {
  const scheduler = getCosineScheduleWithWarmup(sgd(), {
    numWarmupSteps: 0,
    numTrainingSteps: 4,
    numCycles: 1,
  });
  expect(rates(scheduler, 4)).toEqual([1, 0.5, 0, 0.5, 1]);
});

test('a warm-up longer than the run never falls', () => {
  const scheduler = getLinearScheduleWithWarmup(sgd(), { numWarmupSteps: 10, numTrainingSteps: 4 });
  expect(rates(scheduler, 4)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
});

test('a cycle whose rise ends with step 0 begins at the highest rate', () => {
  const scheduler = new OneCycleLR(sgd(), {
    maxLr: 1,
    totalSteps: 10,
    pctStart: 0.1,
    annealStrategy: 'linear',
  });
  expect(scheduler.getLastLr()).toEqual([1]);
});

test('a cycle that only rises stays at the highest rate', () => {
  const scheduler = new OneCycleLR(sgd(), { maxLr: 1, totalSteps: 3, pctStart: 1, annealStrategy: 'linear' });
  expect(rates(scheduler, 3).slice(2)).toEqual([1, 4e-6]);
});

test('a cycle gives momentum to an SGD that had none', () => {
  const [variable] = variables;
  variable!.assign(tf.scalar(1));
  const optimizer = sgd(0.1);
  new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 10, divFactor: 1 });
  for (let k = 0; k < 2; k++) {
    setGrad(variable!, tf.scalar(1));
    optimizer.step();
  }
  expect(variable!.dataSync()[0]).toBeCloseTo(1 - 0.1 - 0.1 * 1.95, 6);
  optimizer.zeroGrad();
  optimizer.dispose();
});

test('warm restarts go to any fraction of an epoch, exactly at restarts too', () => {
  const scheduler = new CosineAnnealingWarmRestarts(sgd(), { t0: 5, tMult: 3 });
  for (const epoch of [5, 20, 65, 200, 605]) {
    scheduler.step(epoch);
    expect(scheduler.getLastLr()).toEqual([1]);
    scheduler.step(epoch - 0.5);
    expect(scheduler.getLastLr()[0]).toBeLessThan(0.05);
  }
  expect(() => scheduler.step(-1)).toThrow(expect.objectContaining({ code: 'PL7201' }));
});

test('groups that are added later follow recursive schedules and keep their rate under others', () => {
  for (const [make, expected] of [
    [(o: SGD) => new ExponentialLR(o, { gamma: 0.5 }), [0.25, 4]],
    [(o: SGD) => new CosineAnnealingWarmRestarts(o, { t0: 4 }), [0.5, 8]],
  ] as const) {
    const optimizer = sgd();
    const scheduler = make(optimizer);
    scheduler.step();
    optimizer.addParamGroup({ params: variables.slice(1), lr: 8 });
    scheduler.step();
    expect(scheduler.getLastLr().map((lr) => Number(lr.toFixed(9)))).toEqual(expected);
  }
});

test('two schedulers on one optimizer are relative to what the first one found', () => {
  const optimizer = sgd();
  optimizer.paramGroups[0]!.lr = 0.5;
  new LinearLR(optimizer, { startFactor: 0.5 });
  expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.25, initialLr: 0.5 });
  new ConstantLR(optimizer, { factor: 0.5 });
  expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.125, initialLr: 0.5 });
});

test('sequences and chains nest', () => {
  const optimizer = sgd(16);
  const warmup = new ChainedScheduler([
    new ConstantLR(optimizer, { factor: 0.5, totalIters: 2 }),
    new ExponentialLR(optimizer, { gamma: 0.5 }),
  ]);
  const inner = new SequentialLR(optimizer, {
    schedulers: [
      new ConstantLR(optimizer, { factor: 0.25, totalIters: 9 }),
      new StepLR(optimizer, { stepSize: 1 }),
    ],
    milestones: [2],
  });
  const again = new ChainedScheduler([
    new ConstantLR(optimizer, { factor: 0.5, totalIters: 9 }),
    new ExponentialLR(optimizer, { gamma: 0.5 }),
  ]);
  const scheduler = new SequentialLR(optimizer, { schedulers: [warmup, inner, again], milestones: [3, 7] });
  expect(rates(scheduler, 9)).toEqual([8, 4, 4, 4, 4, 16, 1.6, 8, 4, 2]);
});

test('a rate that falls to 0 never rounds to below it', () => {
  for (let totalIters = 1; totalIters < 100; totalIters++) {
    for (const startFactor of [1, 1 / 3, 0.1, 0.7]) {
      const scheduler = new LinearLR(sgd(), { startFactor, endFactor: 0, totalIters });
      for (let k = 0; k < totalIters; k++) scheduler.step();
      const [lr] = scheduler.getLastLr();
      expect(lr).toBeGreaterThanOrEqual(0);
      expect(lr).not.toBe(-0);
      expect(lr).toBeLessThan(1e-14);
    }
  }
});

test('a schedule of one’s own needs its formula only', () => {
  class HalvingLR extends EpochLR<{ every: number }> {
    constructor(optimizer: SGD, init: { every: number }) {
      super(optimizer, { type: 'HalvingLR', defaults: {}, rules: { every: positiveInteger } }, init);
      this.start();
    }

    protected override getLr(): number[] {
      return this.baseLrs.map((lr) => lr * 0.5 ** Math.floor(this.lastEpoch / this.options.every));
    }
  }
  const scheduler = new HalvingLR(sgd(), { every: 2 });
  expect(rates(scheduler, 4)).toEqual([1, 1, 0.5, 0.5, 0.25]);
  expect(scheduler.stateDict()).toMatchObject({ type: 'HalvingLR', lastEpoch: 4, options: { every: 2 } });
});
