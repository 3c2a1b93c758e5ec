import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PLError } from '../../errors/pl-error.js';
import * as tf from '../../tf.js';
import { Adam } from '../adam.js';
import { SGD } from '../sgd.js';
import { type ConfiguredOptimizers, normalizeOptimizers } from './config.js';
import { LinearLR } from './linear-lr.js';
import { OneCycleLR } from './one-cycle-lr.js';
import { ReduceLROnPlateau } from './reduce-lr-on-plateau.js';
import { StepLR } from './step-lr.js';

const variables = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
afterAll(() => tf.dispose(variables));
const optimizer = new SGD(variables.slice(0, 1), { lr: 0.1 });
const second = new Adam(variables.slice(1));
const scheduler = new StepLR(optimizer, { stepSize: 1 });
const plateau = new ReduceLROnPlateau(optimizer);
const defaults = { interval: 'epoch', frequency: 1, strict: true, reduceOnPlateau: false } as const;

const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
beforeEach(() => warn.mockClear());
afterEach(() => expect(warn).not.toHaveBeenCalled());
afterAll(() => warn.mockRestore());
/** The warnings so far, which the test expects. */
function warnings(): string[] {
  const texts = warn.mock.calls.map(([text]) => String(text));
  warn.mockClear();
  return texts;
}

describe('what configure_optimizers may return', () => {
  const forms: [string, ConfiguredOptimizers, object][] = [
    ['nothing', undefined, { optimizers: [], lrSchedulers: [] }],
    ['null', null, { optimizers: [], lrSchedulers: [] }],
    ['an empty list', [], { optimizers: [], lrSchedulers: [] }],
    ['an optimizer', optimizer, { optimizers: [optimizer], lrSchedulers: [] }],
    ['a list of optimizers', [optimizer, second], { optimizers: [optimizer, second], lrSchedulers: [] }],
    [
      'two lists',
      [[optimizer, second], [scheduler]],
      { optimizers: [optimizer, second], lrSchedulers: [{ ...defaults, scheduler }] },
    ],
    [
      'a list and a scheduler',
      [[optimizer], scheduler],
      { optimizers: [optimizer], lrSchedulers: [{ ...defaults, scheduler }] },
    ],
    ['two lists, no scheduler', [[optimizer], []], { optimizers: [optimizer], lrSchedulers: [] }],
    [
      'two lists with a record',
      [[optimizer], [{ scheduler, interval: 'step', frequency: 5, name: 'rate' }]],
      {
        optimizers: [optimizer],
        lrSchedulers: [{ ...defaults, scheduler, interval: 'step', frequency: 5, name: 'rate' }],
      },
    ],
    ['a record', { optimizer }, { optimizers: [optimizer], lrSchedulers: [] }],
    [
      'a record with a scheduler',
      { optimizer, lrScheduler: scheduler },
      { optimizers: [optimizer], lrSchedulers: [{ ...defaults, scheduler }] },
    ],
    [
      'a record with a record',
      { optimizer, lrScheduler: { scheduler, strict: false } },
      { optimizers: [optimizer], lrSchedulers: [{ ...defaults, scheduler, strict: false }] },
    ],
    [
      'a record with a plateau and its monitor',
      { optimizer, lrScheduler: plateau, monitor: 'val_loss' },
      {
        optimizers: [optimizer],
        lrSchedulers: [{ ...defaults, scheduler: plateau, reduceOnPlateau: true, monitor: 'val_loss' }],
      },
    ],
    [
      'a plateau in a record',
      { optimizer, lrScheduler: { scheduler: plateau, monitor: 'val_loss', interval: 'step' } },
      {
        optimizers: [optimizer],
        lrSchedulers: [
          { ...defaults, scheduler: plateau, interval: 'step', reduceOnPlateau: true, monitor: 'val_loss' },
        ],
      },
    ],
    [
      'a list of records',
      [{ optimizer, lrScheduler: { scheduler, interval: 'step' } }, { optimizer: second }],
      { optimizers: [optimizer, second], lrSchedulers: [{ ...defaults, scheduler, interval: 'step' }] },
    ],
    [
      'a record that leaves things undefined',
      { optimizer, lrScheduler: { scheduler, monitor: undefined, name: undefined, frequency: undefined } },
      { optimizers: [optimizer], lrSchedulers: [{ ...defaults, scheduler }] },
    ],
  ];

  test.each(forms)('%s', (_, configured, expected) => {
    expect(normalizeOptimizers(configured)).toStrictEqual(expected);
  });
});

describe('what is refused', () => {
  const cases: [string, unknown, string, string][] = [
    ['a number', 5, 'PL7210', 'returned the number 5'],
    ['a text', 'adam', 'PL7210', "returned the text 'adam'"],
    ['a function', () => optimizer, 'PL7210', 'returned a function'],
    ['a promise', Promise.resolve(optimizer), 'PL7210', 'a promise'],
    ['an optimizer of tfjs', tf.train.sgd(1), 'PL7210', 'an object of class SGDOptimizer'],
    ['an empty record', {}, 'PL7210', "an empty record, without 'optimizer'"],
    [
      'a record without optimizer',
      { lrScheduler: scheduler },
      'PL7210',
      "a record with 'lrScheduler', without",
    ],
    [
      'a record with another optimizer',
      { optimizer: 'sgd' },
      'PL7210',
      "whose 'optimizer' is the text 'sgd'",
    ],
    ['a scheduler alone', scheduler, 'PL7210', 'returned a scheduler (StepLR)'],
    ['a flat pair', [optimizer, scheduler], 'PL7210', 'a list of an optimizer (SGD), a scheduler (StepLR)'],
    ['a nested list', [[optimizer]], 'PL7210', 'a list of [an optimizer (SGD)]'],
    [
      'three lists',
      [[optimizer], [scheduler], []],
      'PL7210',
      'a list of [an optimizer (SGD)], [a scheduler (StepLR)], []',
    ],
    [
      'a list of a record and an optimizer',
      [{ optimizer }, second],
      'PL7210',
      "a record with 'optimizer', an optimizer (Adam)",
    ],
    ['lr_scheduler', { optimizer, lr_scheduler: scheduler }, 'PL7210', "no key 'lr_scheduler'"],
    [
      'a record without scheduler',
      { optimizer, lrScheduler: { interval: 'step' } },
      'PL7211',
      "without 'scheduler'",
    ],
    ['no scheduler', { optimizer, lrScheduler: { scheduler: {} } }, 'PL7211', 'as scheduler an empty record'],
    [
      'an interval',
      { optimizer, lrScheduler: { scheduler, interval: 'batch' } },
      'PL7211',
      "interval: 'batch'",
    ],
    [
      'a frequency of 0',
      { optimizer, lrScheduler: { scheduler, frequency: 0 } },
      'PL7211',
      'frequency: the number 0',
    ],
    ['half a frequency', { optimizer, lrScheduler: { scheduler, frequency: 0.5 } }, 'PL7211', 'frequency'],
    ['a monitor', { optimizer, lrScheduler: { scheduler, monitor: 1 } }, 'PL7211', 'monitor: the number 1'],
    ['strict', { optimizer, lrScheduler: { scheduler, strict: 'no' } }, 'PL7211', "strict: 'no'"],
    ['a name', { optimizer, lrScheduler: { scheduler, name: 7 } }, 'PL7211', 'name'],
    ['a misspelt key', { optimizer, lrScheduler: { scheduler, intervall: 'step' } }, 'PL7211', "'intervall'"],
    ['a plateau alone', { optimizer, lrScheduler: plateau }, 'PL7212', 'ReduceLROnPlateau'],
    ['a plateau in a list', [[optimizer], [plateau]], 'PL7212', 'ReduceLROnPlateau'],
    [
      'a plateau whose monitor stands beside its record',
      { optimizer, lrScheduler: { scheduler: plateau }, monitor: 'val_loss' },
      'PL7212',
      'ReduceLROnPlateau',
    ],
    ['any scheduler as plateau', [[optimizer], { scheduler, reduceOnPlateau: true }], 'PL7212', 'StepLR'],
    [
      'a scheduler of another optimizer',
      { optimizer, lrScheduler: new LinearLR(second) },
      'PL7213',
      'a scheduler (LinearLR) without the optimizer (Adam) that it belongs to',
    ],
  ];

  test.each(cases)('%s', (_, configured, code, says) => {
    expect(() => normalizeOptimizers(configured)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(says) }) as PLError,
    );
  });

  test('a misspelt key with the right one', () => {
    try {
      normalizeOptimizers({ optimizer, lr_scheduler: scheduler });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PLError);
      expect((error as PLError).hint).toBe("Did you mean 'lrScheduler'?");
    }
  });
});

describe('what is warned about', () => {
  test('keys that mean nothing', () => {
    expect(normalizeOptimizers({ optimizer, foo: 1, lrScheduler: { scheduler, bar: 2 } })).toStrictEqual({
      optimizers: [optimizer],
      lrSchedulers: [{ ...defaults, scheduler }],
    });
    expect(warnings()).toEqual([expect.stringContaining("'foo'"), expect.stringContaining("'bar'")]);
  });

  test('a cycle that is stepped once an epoch', () => {
    const cycle = new OneCycleLR(second, { maxLr: 1, totalSteps: 10 });
    normalizeOptimizers({ optimizer: second, lrScheduler: cycle });
    expect(warnings()).toEqual([expect.stringContaining('OneCycleLR')]);
    normalizeOptimizers({ optimizer: second, lrScheduler: { scheduler: cycle, interval: 'step' } });
  });
});

test('with manual optimization a plateau needs no monitor', () => {
  const { lrSchedulers } = normalizeOptimizers([[optimizer], [plateau]], { automaticOptimization: false });
  expect(lrSchedulers).toStrictEqual([{ ...defaults, scheduler: plateau, reduceOnPlateau: true }]);
});
