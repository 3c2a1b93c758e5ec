import { afterAll, describe, expect, test } from 'vitest';
import type { PLError } from '../../errors/pl-error.js';
import * as tf from '../../tf.js';
import { Adagrad } from '../adagrad.js';
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
import { MultiStepLR } from './multi-step-lr.js';
import { MultiplicativeLR } from './multiplicative-lr.js';
import { OneCycleLR } from './one-cycle-lr.js';
import { PolynomialLR } from './polynomial-lr.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';
import { SequentialLR } from './sequential-lr.js';
import { StepLR } from './step-lr.js';

const variables = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
afterAll(() => tf.dispose(variables));
const optimizer = new SGD([{ params: variables.slice(0, 1) }, { params: variables.slice(1) }], { lr: 0.1 });
const other = new SGD(variables, { lr: 0.1 });
const adagrad = new Adagrad(variables);
const untouched = () =>
  optimizer.paramGroups.map(({ lr, initialLr, momentum }) => ({ lr, initialLr, momentum }));

/** What JavaScript lets through, and types do not. */
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
type Wrong = any;

describe('wrong options', () => {
  const cases: [string, () => unknown, string, string][] = [
    ['StepLR without options', () => new (StepLR as Wrong)(optimizer), 'PL7201', 'needs stepSize'],
    ['StepLR as in Python', () => new StepLR(optimizer, 30 as Wrong), 'PL7201', 'needs stepSize'],
    ['StepLR, size 0', () => new StepLR(optimizer, { stepSize: 0 }), 'PL7201', 'stepSize must be an integer'],
    [
      'StepLR, gamma NaN',
      () => new StepLR(optimizer, { stepSize: 1, gamma: Number.NaN }),
      'PL7201',
      'got NaN',
    ],
    ['StepLR, step_size', () => new StepLR(optimizer, { step_size: 1 } as Wrong), 'PL7202', "'step_size'"],
    [
      'StepLR, lastEpoch -2',
      () => new StepLR(optimizer, { stepSize: 1, lastEpoch: -2 }),
      'PL7201',
      'lastEpoch must be',
    ],
    [
      'MultiStepLR, a milestone of 1.5',
      () => new MultiStepLR(optimizer, { milestones: [1.5] }),
      'PL7201',
      'milestones must be a list of integers',
    ],
    ['ExponentialLR without gamma', () => new ExponentialLR(optimizer, {} as Wrong), 'PL7201', 'needs gamma'],
    ['LinearLR, start 0', () => new LinearLR(optimizer, { startFactor: 0 }), 'PL7201', 'startFactor'],
    ['LinearLR, end above 1', () => new LinearLR(optimizer, { endFactor: 1.5 }), 'PL7201', 'endFactor'],
    ['ConstantLR, factor above 1', () => new ConstantLR(optimizer, { factor: 2 }), 'PL7201', 'factor'],
    ['ConstantLR, no steps', () => new ConstantLR(optimizer, { totalIters: 0 }), 'PL7201', 'totalIters'],
    [
      'PolynomialLR, endless',
      () => new PolynomialLR(optimizer, { totalIters: Infinity }),
      'PL7201',
      'got Infinity',
    ],
    ['CosineAnnealingLR, tMax 0', () => new CosineAnnealingLR(optimizer, { tMax: 0 }), 'PL7201', 'tMax'],
    [
      'CosineAnnealingWarmRestarts, tMult 0.5',
      () => new CosineAnnealingWarmRestarts(optimizer, { t0: 1, tMult: 0.5 }),
      'PL7201',
      'tMult',
    ],
    ['OneCycleLR without steps', () => new OneCycleLR(optimizer, { maxLr: 1 }), 'PL7201', 'totalSteps'],
    [
      'OneCycleLR without stepsPerEpoch',
      () => new OneCycleLR(optimizer, { maxLr: 1, epochs: 3 }),
      'PL7201',
      'epochs',
    ],
    [
      'OneCycleLR, three rates for two groups',
      () => new OneCycleLR(optimizer, { maxLr: [1, 2, 3], totalSteps: 5 }),
      'PL7201',
      'maxLr has 3 values, but the optimizer has 2 param groups',
    ],
    [
      'OneCycleLR, anneal strategy',
      () => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 5, annealStrategy: 'cosine' as Wrong }),
      'PL7201',
      '"cos" or "linear", got "cosine"',
    ],
    [
      'OneCycleLR, momentum 1',
      () => new OneCycleLR(optimizer, { maxLr: 1, totalSteps: 5, maxMomentum: 1 }),
      'PL7201',
      'maxMomentum',
    ],
    [
      'OneCycleLR of Adagrad',
      () => new OneCycleLR(adagrad, { maxLr: 1, totalSteps: 5 }),
      'PL7206',
      'Adagrad',
    ],
    ['CyclicLR of Adagrad', () => new CyclicLR(adagrad, { baseLr: 0, maxLr: 1 }), 'PL7206', 'Adagrad'],
    [
      'CyclicLR, mode',
      () => new CyclicLR(optimizer, { baseLr: 0, maxLr: 1, mode: 'exp' as Wrong }),
      'PL7201',
      'mode',
    ],
    [
      'CyclicLR, scaleFn',
      () => new CyclicLR(optimizer, { baseLr: 0, maxLr: 1, scaleFn: 2 as Wrong }),
      'PL7204',
      'scaleFn',
    ],
    [
      'ReduceLROnPlateau, factor 1',
      () => new ReduceLROnPlateau(optimizer, { factor: 1 }),
      'PL7201',
      'factor',
    ],
    [
      'ReduceLROnPlateau, mode',
      () => new ReduceLROnPlateau(optimizer, { mode: 'auto' as Wrong }),
      'PL7201',
      'mode',
    ],
    [
      'ReduceLROnPlateau, one minimum for two groups',
      () => new ReduceLROnPlateau(optimizer, { minLr: [0.1] }),
      'PL7201',
      'minLr has 1 values',
    ],
    ['LambdaLR without function', () => new LambdaLR(optimizer, {} as Wrong), 'PL7204', 'got undefined'],
    [
      'LambdaLR, a number',
      () => new LambdaLR(optimizer, { lrLambda: [() => 1, 2 as Wrong] }),
      'PL7204',
      'got number',
    ],
    [
      'LambdaLR, one for two',
      () => new LambdaLR(optimizer, { lrLambda: [() => 1] }),
      'PL7204',
      '1 functions',
    ],
    [
      'LambdaLR, NaN',
      () => new LambdaLR(optimizer, { lrLambda: (k) => k / 0 }),
      'PL7204',
      'gave NaN at step 0',
    ],
    [
      'LambdaLR, negative',
      () => new LambdaLR(optimizer, { lrLambda: (k) => -1 - k }),
      'PL7204',
      'gave -1 at step 0',
    ],
    [
      'MultiplicativeLR, nothing',
      () => new MultiplicativeLR(optimizer, { lrLambda: (() => undefined) as Wrong }).step(),
      'PL7204',
      'gave undefined at step 1',
    ],
    [
      'linear warm-up of a run without an end',
      () => getLinearScheduleWithWarmup(optimizer, { numWarmupSteps: 1, numTrainingSteps: Infinity }),
      'PL7201',
      'numTrainingSteps',
    ],
    [
      'cosine warm-up, fewer than no steps',
      () => getCosineScheduleWithWarmup(optimizer, { numWarmupSteps: -1, numTrainingSteps: 5 }),
      'PL7201',
      'numWarmupSteps',
    ],
    [
      'SequentialLR of none',
      () => new SequentialLR(optimizer, { schedulers: [], milestones: [] }),
      'PL7208',
      'one',
    ],
    [
      'SequentialLR, too few milestones',
      () =>
        new SequentialLR(optimizer, {
          schedulers: [new LinearLR(other), new LinearLR(other)],
          milestones: [],
        }),
      'PL7208',
      'another optimizer',
    ],
    ['ChainedScheduler of none', () => new ChainedScheduler([]), 'PL7208', 'at least one'],
    ['no optimizer', () => new LinearLR(tf.train.sgd(1) as Wrong), 'PL7209', 'needs an optimizer'],
    ['nothing as optimizer', () => new LinearLR(null as Wrong), 'PL7209', 'got null'],
  ];

  test.each(cases)('%s', (_, make, code, says) => {
    const before = untouched();
    expect(make).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }) as PLError,
    );
    expect(untouched()).toEqual(before);
  });
});

test.each([[[]], [[3, 3]], [[0, 3]], [[5, 2]], [[2]], [[1.5, 2]], [undefined]])(
  'three schedules in sequence refuse milestones %j',
  (milestones) => {
    const schedulers = [new LinearLR(other), new LinearLR(other), new LinearLR(other)];
    expect(() => new SequentialLR(other, { schedulers, milestones: milestones as Wrong })).toThrow(
      expect.objectContaining({ code: 'PL7208', message: expect.stringContaining('2 milestones') }),
    );
  },
);

test('schedulers that need a metric cannot be combined with others', () => {
  const schedulers = [new StepLR(other, { stepSize: 1 }), new ReduceLROnPlateau(other)];
  const refused = expect.objectContaining({ code: 'PL7208', message: expect.stringContaining('metric') });
  expect(() => new ChainedScheduler(schedulers)).toThrow(refused);
  expect(() => new SequentialLR(other, { schedulers, milestones: [1] })).toThrow(refused);
});

test('a plateau needs its metric at every step', () => {
  const scheduler = new ReduceLROnPlateau(other);
  expect(() => scheduler.step()).toThrow(expect.objectContaining({ code: 'PL7207' }));
  expect(scheduler.lastEpoch).toBe(0);
});
