import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import { Adam } from '../adam.js';
import type { Optimizer } from '../optimizer.js';
import { SGD } from '../sgd.js';
import { ChainedScheduler } from './chained-scheduler.js';
import { ConstantLR } from './constant-lr.js';
import { CosineAnnealingLR } from './cosine-annealing-lr.js';
import { CosineAnnealingWarmRestarts } from './cosine-annealing-warm-restarts.js';
import { getCosineScheduleWithWarmup } from './cosine-schedule-with-warmup.js';
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
import type { LRSchedulerState } from './scheduler-state.js';
import { SequentialLR } from './sequential-lr.js';
import { StepLR } from './step-lr.js';

const variables = ['a', 'b', 'c'].map((name) => tf.variable(tf.scalar(0), true, `resume-${name}`));
afterAll(() => tf.dispose(variables));

type Make = (optimizer: Optimizer) => LRScheduler;

const steps = fc.integer({ min: 1, max: 12 });
const part = fc.double({ min: 0.05, max: 1, noNaN: true });
const rate = fc.double({ min: 1e-6, max: 1, noNaN: true });

const simple: Record<string, fc.Arbitrary<Make>> = {
  StepLR: fc.record({ stepSize: steps, gamma: part }).map((options) => (o) => new StepLR(o, options)),
  MultiStepLR: fc
    .record({ milestones: fc.array(fc.nat(20)), gamma: part })
    .map((options) => (o) => new MultiStepLR(o, options)),
  ExponentialLR: fc.record({ gamma: part }).map((options) => (o) => new ExponentialLR(o, options)),
  LinearLR: fc
    .record({ startFactor: part, endFactor: part, totalIters: steps })
    .map((options) => (o) => new LinearLR(o, options)),
  ConstantLR: fc
    .record({ factor: part, totalIters: steps })
    .map((options) => (o) => new ConstantLR(o, options)),
  PolynomialLR: fc
    .record({ power: part, totalIters: steps })
    .map((options) => (o) => new PolynomialLR(o, options)),
  CosineAnnealingLR: fc
    .record({ tMax: steps, etaMin: rate })
    .map((options) => (o) => new CosineAnnealingLR(o, options)),
  CosineAnnealingWarmRestarts: fc
    .record({ t0: steps, tMult: fc.integer({ min: 1, max: 3 }), etaMin: rate })
    .map((options) => (o) => new CosineAnnealingWarmRestarts(o, options)),
  LambdaLR: part.map((gamma) => (o) => new LambdaLR(o, { lrLambda: (k) => gamma ** k })),
  MultiplicativeLR: part.map(
    (gamma) => (o) => new MultiplicativeLR(o, { lrLambda: (k) => gamma + 1 / (k + 1) }),
  ),
};

/** In a chain, where others lower the rate below its `etaMin`, the recursive cosine can fall below 0. */
const chainable: Record<string, fc.Arbitrary<Make>> = {
  ...simple,
  CosineAnnealingLR: fc.record({ tMax: steps }).map((options) => (o) => new CosineAnnealingLR(o, options)),
};

const schedules: Record<string, fc.Arbitrary<Make>> = {
  ...simple,
  linearWarmup: fc
    .record({ numWarmupSteps: fc.nat(10), numTrainingSteps: steps })
    .map((options) => (o) => getLinearScheduleWithWarmup(o, options)),
  cosineWarmup: fc
    .record({ numWarmupSteps: fc.nat(10), numTrainingSteps: steps })
    .map((options) => (o) => getCosineScheduleWithWarmup(o, options)),
  OneCycleLR: fc
    .record({
      maxLr: rate,
      pctStart: fc.double({ min: 0, max: 1, noNaN: true }),
      annealStrategy: fc.constantFrom('cos', 'linear'),
      maxMomentum: fc.double({ min: 0.9, max: 0.999, noNaN: true }),
      threePhase: fc.boolean(),
    })
    .map((options) => (o) => new OneCycleLR(o, { ...options, totalSteps: 40 })),
  CyclicLR: fc
    .record({
      baseLr: rate,
      maxLr: rate,
      stepSizeUp: steps,
      mode: fc.constantFrom('triangular', 'triangular2', 'exp_range'),
      gamma: part,
    })
    .map((options) => (o) => new CyclicLR(o, options)),
  ReduceLROnPlateau: fc
    .record({
      mode: fc.constantFrom('min', 'max'),
      factor: fc.double({ min: 0, max: 0.9, noNaN: true }),
      patience: fc.nat(2),
      cooldown: fc.nat(2),
    })
    .map((options) => (o) => new ReduceLROnPlateau(o, options)),
  SequentialLR: fc
    .array(fc.tuple(fc.oneof(...Object.values(simple)), steps), { minLength: 1, maxLength: 4 })
    .map((parts) => (o) => {
      let milestone = 0;
      return new SequentialLR(o, {
        schedulers: parts.map(([make]) => make(o)),
        milestones: parts.slice(1).map(([, length]) => {
          milestone += length;
          return milestone;
        }),
      });
    }),
  ChainedScheduler: fc
    .array(fc.oneof(...Object.values(chainable)), { minLength: 1, maxLength: 3 })
    .map((parts) => (o) => new ChainedScheduler(parts.map((make) => make(o)))),
};

const optimizers = fc
  .record({ lrs: fc.array(rate, { minLength: 1, maxLength: 3 }), adam: fc.boolean() })
  .map(({ lrs, adam }) => (): Optimizer => {
    const groups = lrs.map((lr, i) => ({ params: [variables[i]!], lr }));
    return adam ? new Adam(groups) : new SGD(groups, { momentum: 0.5 });
  });

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const nameOf = (variable: tf.Variable) => variable.name;
const variableOf = (name: string) => variables.find((variable) => variable.name === name);
const options = (optimizer: Optimizer) => optimizer.paramGroups.map(({ params: _, ...group }) => group);
const look = (optimizer: Optimizer, scheduler: LRScheduler) => ({
  groups: options(optimizer),
  lastLr: scheduler.getLastLr(),
  state: scheduler.stateDict(),
});

function step(scheduler: LRScheduler, metric: number): void {
  if (scheduler instanceof ReduceLROnPlateau) scheduler.step(metric);
  else scheduler.step();
}

function resume(make: () => Optimizer, scheduler: Make, from: Optimizer, state: LRSchedulerState) {
  const optimizer = make();
  const resumed = scheduler(optimizer);
  const { tensors, scalars } = from.stateDict(nameOf);
  optimizer.loadStateDict({ tensors, scalars: json(scalars) }, variableOf);
  resumed.loadStateDict(state);
  return { optimizer, scheduler: resumed };
}

describe.each(Object.entries(schedules))('%s', (_, schedule) => {
  const metrics = fc.array(fc.constantFrom(0.1, 0.2, 0.3, Number.NaN), { minLength: 40, maxLength: 40 });

  test('goes on after any step as if it had not been interrupted', () => {
    fc.assert(
      fc.property(
        optimizers,
        schedule,
        fc.nat(15),
        fc.nat(15),
        metrics,
        (make, scheduler, before, after, metric) => {
          const optimizer = make();
          const uninterrupted = scheduler(optimizer);
          for (let k = 0; k < before; k++) step(uninterrupted, metric[k]!);
          const resumed = resume(make, scheduler, optimizer, json(uninterrupted.stateDict()));
          for (let k = 0; k <= after; k++) {
            expect(look(resumed.optimizer, resumed.scheduler)).toStrictEqual(look(optimizer, uninterrupted));
            step(uninterrupted, metric[before + k]!);
            step(resumed.scheduler, metric[before + k]!);
          }
          optimizer.dispose();
          resumed.optimizer.dispose();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('refuses a state that lacks anything and stays as it was', () => {
    fc.assert(
      fc.property(optimizers, schedule, fc.nat(5), metrics, (make, scheduler, before, metric) => {
        const optimizer = make();
        const own = scheduler(optimizer);
        const state = json(own.stateDict());
        for (let k = 0; k < before; k++) step(own, metric[k]!);
        const untouched = look(optimizer, own);
        for (const key of Object.keys(state)) {
          const { [key]: _, ...rest } = state;
          expect(() => own.loadStateDict(rest as LRSchedulerState), key).toThrow(
            expect.objectContaining({ code: 'PL7203' }),
          );
          expect(look(optimizer, own)).toStrictEqual(untouched);
        }
        optimizer.dispose();
      }),
      { numRuns: 20 },
    );
  });
});

test('each group follows the schedule that it would follow alone', () => {
  fc.assert(
    fc.property(
      fc.oneof(...Object.values(simple)),
      fc.array(rate, { minLength: 2, maxLength: 3 }),
      (scheduler, lrs) => {
        const together = new SGD(lrs.map((lr, i) => ({ params: [variables[i]!], lr })));
        const alone = lrs.map((lr, i) => new SGD([variables[i]!], { lr }));
        const all = scheduler(together);
        const each = alone.map(scheduler);
        for (let k = 0; k < 15; k++) {
          expect(all.getLastLr()).toEqual(each.flatMap((one) => one.getLastLr()));
          all.step();
          for (const one of each) one.step();
        }
      },
    ),
  );
});

test('the saved options win over those of the scheduler that resumes', () => {
  const optimizer = new SGD(variables, { lr: 1 });
  const state = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }).stateDict();
  const other = new StepLR(optimizer, { stepSize: 7, gamma: 0.1 });
  other.loadStateDict(state);
  other.step();
  expect(other.getLastLr()).toEqual([0.5]);
});

test('a state of another scheduler, of other groups or of wrong values is refused', () => {
  const one = new SGD(variables.slice(0, 1), { lr: 1 });
  const two = new SGD([{ params: variables.slice(0, 1) }, { params: variables.slice(1) }], { lr: 1 });
  const scheduler = new ExponentialLR(two, { gamma: 0.5 });
  const fits = json(scheduler.stateDict());
  for (const [state, says] of [
    [new StepLR(two, { stepSize: 1 }).stateDict(), 'belongs to StepLR'],
    [new ExponentialLR(one, { gamma: 0.5 }).stateDict(), '1 param groups'],
    [{ ...fits, baseLrs: [1] }, '1 param groups'],
    [{ ...fits, lastEpoch: '3' }, 'lastEpoch'],
    [{ ...fits, lastLr: [null, 1] }, 'lastLr'],
    [{ ...fits, options: { gamma: -1 } }, 'gamma must be'],
    [{ ...fits, options: { gama: 1 } }, "no option 'gama'"],
    [undefined, 'undefined'],
  ] as const) {
    expect(() => scheduler.loadStateDict(state as LRSchedulerState)).toThrow(
      expect.objectContaining({ code: 'PL7203', message: expect.stringContaining(says) }),
    );
  }
});

test('a combined scheduler loads all of its parts or none', () => {
  const optimizer = new SGD(variables.slice(0, 1), { lr: 1 });
  const chain = (gamma: number) =>
    new ChainedScheduler([new ExponentialLR(optimizer, { gamma }), new ExponentialLR(optimizer, { gamma })]);
  const own = chain(0.5);
  const before = own.stateDict();
  const state = json(chain(0.9).stateDict());
  (state.schedulers as LRSchedulerState[])[1]!.type = 'StepLR';
  expect(() => own.loadStateDict(state)).toThrow(expect.objectContaining({ code: 'PL7203' }));
  expect(own.stateDict()).toEqual(before);
});
