import { afterAll, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import { Adam } from '../adam.js';
import { SGD } from '../sgd.js';
import { normalizeOptimizers } from './config.js';
import { schedulerNames } from './scheduler-names.js';
import { StepLR } from './step-lr.js';

const variables = Array.from({ length: 3 }, () => tf.variable(tf.scalar(0)));
afterAll(() => tf.dispose(variables));
const sgd = (...names: (string | undefined)[]) =>
  new SGD(names.map((name, i) => ({ params: [variables[i]!], ...(name !== undefined && { name }) })));
const scheduled = (optimizer: SGD, name?: string) => ({
  optimizer,
  lrScheduler: { scheduler: new StepLR(optimizer, { stepSize: 1 }), ...(name !== undefined && { name }) },
});
const namesOf = (configured: unknown) =>
  schedulerNames(normalizeOptimizers(configured)).flatMap(({ names }) => names);

test.each([
  ['one optimizer', () => sgd(undefined), ['lr-SGD']],
  ['one scheduler', () => scheduled(sgd(undefined)), ['lr-SGD']],
  ['a name of its own', () => scheduled(sgd(undefined), 'rate'), ['rate']],
  ['two of a kind', () => [scheduled(sgd(undefined)), scheduled(sgd(undefined))], ['lr-SGD', 'lr-SGD-1']],
  ['two kinds', () => [sgd(undefined), new Adam(variables)], ['lr-SGD', 'lr-Adam']],
  ['groups', () => scheduled(sgd(undefined, undefined)), ['lr-SGD/pg1', 'lr-SGD/pg2']],
  ['a named group', () => sgd('body'), ['lr-SGD/body']],
  [
    'groups with and without name',
    () => sgd('body', undefined, 'head'),
    ['lr-SGD/body', 'lr-SGD/pg2', 'lr-SGD/head'],
  ],
  [
    'groups of a second optimizer',
    () => [scheduled(sgd(undefined)), scheduled(sgd(undefined, 'head'))],
    ['lr-SGD', 'lr-SGD-1/pg1', 'lr-SGD-1/head'],
  ],
  [
    'schedulers before optimizers without one',
    () => [{ optimizer: sgd(undefined) }, scheduled(sgd(undefined, undefined))],
    ['lr-SGD/pg1', 'lr-SGD/pg2', 'lr-SGD-1'],
  ],
])('%s', (_, configured, expected) => {
  expect(namesOf(configured())).toEqual(expected);
});

test('two schedulers of one optimizer are told apart', () => {
  const optimizer = sgd(undefined);
  const schedulers = [1, 2].map((stepSize) => new StepLR(optimizer, { stepSize }));
  const names = schedulerNames(normalizeOptimizers([[optimizer], schedulers]));
  expect(names).toEqual([
    { optimizer, config: expect.objectContaining({ scheduler: schedulers[0] }), names: ['lr-SGD'] },
    { optimizer, config: expect.objectContaining({ scheduler: schedulers[1] }), names: ['lr-SGD-1'] },
  ]);
});

test('groups of one name are refused', () => {
  expect(() => namesOf(sgd('body', 'body'))).toThrow(expect.objectContaining({ code: 'PL7214' }));
});
