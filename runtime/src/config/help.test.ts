import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digits } from './digits.test.support.js';
import { helpText } from './help.js';

describe('--help', () => {
  const text = helpText(digits, 80);

  it('lists every setting by group with type, default, variable and text', () => {
    expect(text).toContain(
      [
        'trainer: Settings of the trainer.',
        '  --trainer.maxEpochs <integer ≥ -1 | null>',
        '      default null; PL_TRAINER_MAX_EPOCHS',
        '      Epochs to train; -1 is no limit.',
      ].join('\n'),
    );
    expect(text).toContain('  --model.inputSize <integer ≥ 1>\n      required; PL_MODEL_INPUT_SIZE\n');
    for (const { flag, env } of digits.settings) {
      expect(text).toContain(`  ${flag} <`);
      expect(text).toContain(env);
    }
  });

  it('keeps to the width of the terminal, single long words aside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 200 }), (width) => {
        for (const line of helpText(digits, width).split('\n'))
          expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });
});
