import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BarState, barLine, plainLine, shownNumber, textOf } from './bar-text.js';

const state: BarState = {
  label: 'Epoch 3/10',
  done: 10,
  total: 22,
  seconds: 1,
  rate: 6,
  metrics: { train_loss: 0.123, val_acc: 0.97 },
};
const shown = (changes: Partial<BarState> = {}, width = 200) =>
  textOf(barLine({ ...state, ...changes }, width));

describe('the bar', () => {
  it('shows where the pass is, its times and its metrics', () => {
    expect(shown()).toBe(
      'Epoch 3/10  45%|████▌     | 10/22 [00:01<00:02, 6 batches/s] train_loss=0.123 val_acc=0.97',
    );
  });

  it('starts empty, and ends full without a time left', () => {
    expect(shown({ done: 0, seconds: 0, rate: undefined, metrics: {} })).toBe(
      'Epoch 3/10   0%|          | 0/22 [00:00]',
    );
    expect(shown({ done: 22, seconds: 3661.4, rate: 0.25, metrics: {} })).toBe(
      'Epoch 3/10 100%|██████████| 22/22 [1:01:01, 4 s/batch]',
    );
  });

  it('counts where the end is not known', () => {
    expect(shown({ total: Number.POSITIVE_INFINITY })).toBe(
      'Epoch 3/10 10 batches [00:01, 6 batches/s] train_loss=0.123 val_acc=0.97',
    );
  });

  it('gives up the unit, the bar, the times and the end of the metrics as the terminal gets narrower', () => {
    expect(shown({}, 85)).toBe(
      'Epoch 3/10  45%|████▌     | 10/22 [00:01<00:02, 6/s] train_loss=0.123 val_acc=0.97',
    );
    expect(shown({}, 75)).toBe('Epoch 3/10  45% 10/22 [00:01<00:02, 6/s] train_loss=0.123 val_acc=0.97');
    expect(shown({}, 55)).toBe('Epoch 3/10  45% 10/22 train_loss=0.123 val_acc=0.97');
    expect(shown({}, 40)).toBe('Epoch 3/10  45% 10/22 train_loss=0.123 …');
    expect(shown({}, 0)).toBe('');
  });

  it('never takes more columns than there are', () => {
    const states = fc.record({
      label: fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
      done: fc.nat(1e6),
      total: fc.oneof(fc.nat(1e6), fc.constant(Number.POSITIVE_INFINITY)),
      seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
      rate: fc.option(fc.double({ min: 0, max: 1e7, noNaN: true }), { nil: undefined }),
      metrics: fc.dictionary(fc.constantFrom('loss', 'val_acc', 'a/b'), fc.double()),
    });
    fc.assert(
      fc.property(states, fc.nat(150), (any, width) => {
        expect(textOf(barLine(any, width)).length).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('the plain line', () => {
  it('has words instead of a bar', () => {
    expect(plainLine({ ...state, done: 22, seconds: 3.14 })).toBe(
      'Epoch 3/10: 22 batches in 3.1 s, train_loss=0.123, val_acc=0.97',
    );
    expect(plainLine({ ...state, label: 'Test', done: 22, seconds: 75, metrics: {} })).toBe(
      'Test: 22 batches in 01:15',
    );
  });
});

it.each([
  [0.123456, '0.1235'],
  [97, '97'],
  [1234567, '1.23e6'],
  [2e6, '2e6'],
  [3e-7, '3e-7'],
  [-10.5e10, '-1.05e11'],
  [12345.678, '12350'],
  [0.00012345, '1.23e-4'],
  [-0.5, '-0.5'],
  [0.9700001, '0.97'],
  [Number.NaN, 'nan'],
  [Number.NEGATIVE_INFINITY, '-inf'],
])('%d is shown as %s', (value, text) => {
  expect(shownNumber(value)).toBe(text);
});
