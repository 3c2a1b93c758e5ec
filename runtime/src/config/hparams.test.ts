import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { PLError } from '../errors/pl-error.js';
import type { SchemaValidator } from './definition.js';
import { digits } from './digits.test.support.js';
import { hparamsValidator } from './hparams.js';

const schema = digits.schema.properties!.model!;
const { default: _, ...rootSchema } = schema;
const validate = new Ajv({ useDefaults: true, allErrors: true, allowUnionTypes: true }).compile(rootSchema);
const complete = hparamsValidator('Digits', schema, validate as unknown as SchemaValidator<unknown>, [
  'loss',
]);

describe('hyper-parameters from code', () => {
  it('get their defaults, in a copy', () => {
    const given = { inputSize: 3, encoder: { depth: 4 }, name: undefined };
    expect(complete(given)).toMatchObject({
      inputSize: 3,
      learningRate: 0.001,
      name: 'net',
      encoder: { depth: 4, dropout: 0 },
    });
    expect(given).toEqual({ inputSize: 3, encoder: { depth: 4 }, name: undefined });
  });

  it('pass ignored names through', () => {
    const loss = () => 1;
    expect(complete({ inputSize: 3, loss })).toHaveProperty('loss', loss);
  });

  it('are refused with every mistake in one error', () => {
    try {
      complete({ learningRate: 0, learningrate: 1, hiddenSizes: [1, 'a'], encoder: { dropout: 2 } });
      expect.unreachable();
    } catch (error) {
      expect((error as PLError).format().split('\n')).toEqual([
        'error PL2009: hyper-parameters of Digits that do not fit:',
        '  inputSize is missing and has no default',
        '  unknown name learningrate. Did you mean learningRate?',
        '  learningRate: got 0, wanted number > 0',
        '  hiddenSizes: at [1]: got "a", wanted integer ≥ 1',
        '  encoder: at dropout: got 2, wanted number ≤ 1',
      ]);
    }
  });

  it('say one mistake in one line', () => {
    expect(() => complete({ inputSize: 0 })).toThrow(
      new PLError(
        'PL2009',
        'hyper-parameters of Digits that do not fit: inputSize: got 0, wanted integer ≥ 1',
      ),
    );
  });
});
