import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json-schema.js';
import { parseLiteral } from './parse-literal.js';
import { parseValue } from './parse-value.js';

const integer: JsonSchema = { type: 'integer' };
const text: JsonSchema = { type: 'string' };

describe('a setting of type string', () => {
  it.each(['42', 'true', 'None', '[1, 2]', ' padded ', '16-mixed', '/some/dir', '00:01:00:00'])(
    'keeps %s',
    (value) => {
      expect(parseValue(value, text)).toBe(value);
    },
  );

  it('takes quotes off', () => {
    expect(parseValue("'value'", text)).toBe('value');
    expect(parseValue('"42"', text)).toBe('42');
  });

  it('may be null where the schema says so', () => {
    expect(parseValue('None', { type: ['string', 'null'] })).toBeNull();
    expect(parseValue('null', { type: ['string', 'null'] })).toBeNull();
  });
});

describe('a setting of type integer', () => {
  it.each([
    ['1e2', 100],
    [' 42 ', 42],
    ['4_2', 42],
    ['0x10', 16],
    ['1.0', 1],
  ])('%s', (value, expected) => {
    expect(parseValue(value, integer)).toBe(expected);
  });

  it.each(['042', '1+1', 'abc', ' '])('leaves %s as text for the validator to refuse', (value) => {
    expect(parseValue(value, integer)).toBe(value);
  });

  it('refuses to round an integer that a double cannot hold', () => {
    expect(parseValue('99999999999999999999', integer)).toBe('99999999999999999999');
    expect(parseValue('99999999999999999999', { type: 'number' })).toBe(1e20);
  });
});

describe('unions', () => {
  it('prefer the member that takes the literal', () => {
    const precision: JsonSchema = { enum: [64, '32', 'bf16'] };
    expect(parseValue('64', precision)).toBe(64);
    expect(parseValue('32', precision)).toBe('32');
    expect(parseValue('bf16', precision)).toBe('bf16');
    const devices: JsonSchema = { anyOf: [{ const: 'auto' }, integer, { type: 'array', items: integer }] };
    expect(parseValue('auto', devices)).toBe('auto');
    expect(parseValue('2', devices)).toBe(2);
    expect(parseValue('0,1', devices)).toEqual([0, 1]);
  });
});

describe('laws', () => {
  it('a string setting keeps every text that is not itself in quotes', () => {
    const unquoted = fc.string().filter((value) => typeof parseLiteral(value)?.value !== 'string');
    fc.assert(
      fc.property(unquoted, (value) => {
        expect(parseValue(value, text)).toBe(value);
      }),
    );
  });

  it('a string setting gets any text whole when it comes as JSON', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(parseValue(JSON.stringify(value), text)).toBe(value);
      }),
    );
  });

  it('an integer setting reads back every safe integer', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(parseValue(`${value}`, integer)).toBe(value);
      }),
    );
  });
});
