import { describe, expect, it } from 'vitest';
import { describeType } from './describe-type.js';
import { digits } from './digits.test.support.js';
import { environmentName, groupSchema } from './settings.js';

describe('names', () => {
  it.each([
    ['trainer.maxEpochs', 'PL_TRAINER_MAX_EPOCHS'],
    ['seed', 'PL_SEED'],
    ['model.l2Penalty', 'PL_MODEL_L2_PENALTY'],
    ['model.useSGD', 'PL_MODEL_USE_SGD'],
    ['model.SGDMomentum', 'PL_MODEL_SGD_MOMENTUM'],
    ['model.weight_decay', 'PL_MODEL_WEIGHT_DECAY'],
    ['model.encoder.dropout-rate', 'PL_MODEL_ENCODER_DROPOUT_RATE'],
    ['trainer.checkValEveryNEpoch', 'PL_TRAINER_CHECK_VAL_EVERY_N_EPOCH'],
    ['checkpoint.saveTopK', 'PL_CHECKPOINT_SAVE_TOP_K'],
  ])('%s → %s', (path, name) => {
    expect(environmentName(path)).toBe(name);
  });
});

describe('settings', () => {
  it('are the leaves of the schema, records and lists whole', () => {
    const paths = digits.settings.map(({ path }) => path);
    expect(paths).toContain('model.encoder.depth');
    expect(paths).toContain('trainer.accumulateGradBatches');
    expect(paths).toContain('model.layers');
    expect(paths).not.toContain('model.encoder');
    expect(paths).not.toContain('$schema');
  });

  it('lie in groups', () => {
    expect(groupSchema(digits.schema, 'model.encoder')?.properties).toHaveProperty('depth');
    expect(groupSchema(digits.schema, 'model.layers')).toBeUndefined();
    expect(groupSchema(digits.schema, 'toString')).toBeUndefined();
  });
});

describe('types for people', () => {
  it.each([
    [{ type: 'number', minimum: 0, exclusiveMaximum: 1 }, 'number ≥ 0 and < 1'],
    [{ type: ['integer', 'null'], minimum: -1, multipleOf: 8 }, 'integer ≥ -1 and a multiple of 8 | null'],
    [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
    [{ anyOf: [{ const: 'auto' }, { type: 'integer' }] }, '"auto" | integer'],
    [{ type: 'string', minLength: 1, pattern: '^a' }, 'string of at least 1 character matching /^a/'],
    [{ type: 'string', format: 'email' }, 'string (email)'],
    [
      { type: 'array', items: { type: ['integer', 'null'] }, minItems: 2, maxItems: 2 },
      '(integer | null)[] of 2 items',
    ],
    [
      { type: 'array', items: [{ type: 'number' }, { type: 'string' }], minItems: 1, additionalItems: false },
      '[number, string?]',
    ],
    [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [name]: number }'],
    [
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'boolean' } }, required: ['a'] },
      '{ a: string, b?: boolean }',
    ],
  ] as const)('%j is %s', (schema, text) => {
    expect(describeType(schema)).toBe(text);
  });
});
