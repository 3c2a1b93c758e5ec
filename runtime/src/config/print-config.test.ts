import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { digits } from './digits.test.support.js';
import { printConfig } from './print-config.js';
import { resolveConfig } from './resolve.js';

const cwd = new URL('.', import.meta.url).pathname;

describe('--print-config', () => {
  it('shows every value with its origin', () => {
    const resolved = resolveConfig(digits, {
      cwd,
      environment: { PL_SEED: '1', PL_TRAINER_ACCUMULATE_GRAD_BATCHES: '{0: 1, 4: 8}' },
      flags: [{ flag: '--model.inputSize', text: '8' }],
    });
    const text = printConfig(digits, resolved);
    expect(text.split('\n').slice(0, 6)).toEqual([
      'seed: 1 # PL_SEED',
      'trainer:',
      '  maxEpochs: null # default',
      '  limitTrainBatches: 1 # default',
      '  fastDevRun: false # default',
      '  logEveryNSteps: 50 # default',
    ]);
    expect(text).toContain(
      '  accumulateGradBatches: { "0": 1, "4": 8 } # PL_TRAINER_ACCUMULATE_GRAD_BATCHES\n',
    );
    expect(text).toContain('  inputSize: 8 # --model.inputSize\n');
    expect(text).toContain('  hiddenSizes: [ 64, 32 ] # default\n');
    expect(text).toContain('  encoder:\n    depth: 2 # default\n');
  });

  it('reads back as the same configuration', () => {
    const model = fc.record({
      inputSize: fc.integer({ min: 1 }),
      learningRate: fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
      hiddenSizes: fc.array(fc.integer({ min: 1 })),
      name: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('a\nb\n', ' # no comment', 'null', '  x', ''),
      ),
      layers: fc.array(fc.record({ units: fc.integer() }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(model, (values) => {
        const resolved = resolveConfig(digits, { cwd, code: { model: values } });
        expect(parse(printConfig(digits, resolved))).toEqual(resolved.config);
      }),
    );
  });
});
