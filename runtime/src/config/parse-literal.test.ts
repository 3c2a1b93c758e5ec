import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLiteral } from './parse-literal.js';

const TEXT = Symbol('stays text');
const parse = (text: string) => {
  const literal = parseLiteral(text);
  return literal === undefined ? TEXT : literal.value;
};

interface ParsingCase {
  value: string;
  python_type?: string;
  parsed_python_repr?: string;
}
const reference = JSON.parse(
  readFileSync(new URL('../../../test/reference/env_vars_2.6.5.json', import.meta.url), 'utf8'),
) as { parsing: ParsingCase[] };

/** What the reference's Python values are in JSON's terms; the types that JSON lacks stay text. */
const EXPECTED: Record<string, (text: string, repr: string) => unknown> = {
  str: (text, repr) => (repr.slice(1, -1) === text ? TEXT : repr.slice(1, -1)),
  int: (_, repr) => Number(repr),
  float: (_, repr) => (repr === 'inf' ? Number.POSITIVE_INFINITY : Number(repr)),
  bool: (_, repr) => repr === 'True',
  NoneType: () => null,
  list: (_, repr) =>
    JSON.parse(repr.replaceAll("'", '"').replaceAll('None', 'null').replaceAll('True', 'true')),
  tuple: (_, repr) => JSON.parse(repr.replace('(', '[').replace(')', ']')),
  dict: (_, repr) => JSON.parse(repr.replaceAll("'", '"')),
  complex: () => TEXT,
  bytes: () => TEXT,
  ellipsis: () => TEXT,
  set: () => TEXT,
};

describe("the reference's texts", () => {
  const cases = reference.parsing.filter(({ python_type }) => python_type !== undefined);
  // JSON's own words are values here, though Python has them as text.
  const json: Record<string, unknown> = { true: true, null: null };

  it.each(cases)('$value', ({ value, python_type, parsed_python_repr }) => {
    const expected = value in json ? json[value] : EXPECTED[python_type!]!(value, parsed_python_repr!);
    expect(parse(value)).toEqual(expected);
  });
});

describe('literals', () => {
  it.each([
    ['1,', [1]],
    ['(1)', 1],
    ['(1,)', [1]],
    ['[1, 2,]', [1, 2]],
    ['{0: 1, 4: 8}', { 0: 1, 4: 8 }],
    ["{'a': (1, 2), 'b': {'c': None}}", { a: [1, 2], b: { c: null } }],
    ['{"a": true, \'b\': False,}', { a: true, b: false }],
    ['0b101', 5],
    ['1_000.5e-3', 1.0005],
    ['012.5', 12.5],
    ['- 3', -3],
    ["'it''s'", 'its'],
    ["'tab\\t\\x41\\u00e9\\101'", 'tab\tAéA'],
    ['"a\\/b"', 'a/b'],
    ["'\\d'", '\\d'],
    ["'''two\nlines'''", 'two\nlines'],
    ['[1, # first\n 2]', [1, 2]],
  ])('%s is a value', (text, value) => {
    expect(parse(text)).toEqual(value);
  });

  it.each([
    '[1 2]',
    '[,]',
    '(,)',
    '1,,2',
    '{1: }',
    "{'a' 1}",
    "'open",
    "'line\nbreak'",
    '1 2',
    '_1',
    '1__2',
    '0x',
    'TRUE',
    'none',
    "'\\x4'",
    '{True: 1}',
    '+-1',
    ',',
    '5 // five',
  ])('%s stays text', (text) => {
    expect(parse(text)).toBe(TEXT);
  });

  it('keeps a key __proto__ as a key', () => {
    const value = parse("{'__proto__': {'polluted': 1}}") as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value.polluted).toBeUndefined();
  });

  it('gives up on hostile nesting instead of overflowing the stack', () => {
    expect(parse(`${'('.repeat(100_000)}1${')'.repeat(100_000)}`)).toBe(TEXT);
  });
});

describe('laws', () => {
  const keys = fc.string({ unit: 'grapheme' }).filter((key) => key !== '__proto__');
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
      fc.integer(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(keys, tie('json'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));

  it('reads back what JSON writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parse(JSON.stringify(value))).toEqual(value);
      }),
    );
  });

  it("reads back what Python's repr writes", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parse(pythonRepr(value))).toEqual(value);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    const literalish = fc.string({ unit: fc.constantFrom(...'[](){}\'"\\,:#-+.0123xe_ \nTrueNone') });
    fc.assert(
      fc.property(fc.oneof(fc.string(), literalish), (text) => void parse(text)),
      { numRuns: 2000 },
    );
  });
});

function pythonRepr(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const escaped = value.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r');
    return `'${escaped}'`;
  }
  if (Array.isArray(value)) {
    const items = value.map(pythonRepr);
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
  }
  return `{${Object.entries(value as object)
    .map(([key, member]) => `${pythonRepr(key)}: ${pythonRepr(member)}`)
    .join(', ')}}`;
}
