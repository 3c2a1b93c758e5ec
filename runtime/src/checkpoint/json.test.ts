import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson } from './json.js';

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);
const key = fc.oneof(fc.string(), fc.constantFrom('$number', '$$number', '__proto__', 'toString'));
const { state } = fc.letrec((tie) => ({
  state: fc.oneof(
    { maxDepth: 4 },
    number,
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('state')),
    fc.array(fc.tuple(key, tie('state'))).map(Object.fromEntries),
  ),
}));

describe('encodeJson', () => {
  it('gives back every state, also its NaN and infinities', () => {
    fc.assert(
      fc.property(state, (value) => {
        const decoded = decodeJson(encodeJson(value, 'state'));
        expect(Object.is(decoded, value) || typeof value === 'object').toBe(true);
        expect(decoded).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('writes plain JSON for plain numbers', () => {
    expect(encodeJson({ a: 1.5, b: Number.NaN, c: undefined, d: [undefined] }, '')).toBe(
      '{"a":1.5,"b":{"$number":"NaN"},"d":[null]}',
    );
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = { again: cycle };
  it.each<[string, unknown, RegExp]>([
    ['a function', { f: () => 1 }, /a function, found at callbacks\.f/],
    ['a Map', { list: [new Map()] }, /a Map, found at callbacks\.list\[0\]/],
    ['a typed array', new Float32Array(1), /a Float32Array, found at callbacks/],
    ['a class instance', { date: new Date() }, /a Date/],
    ['a bigint', 1n, /a bigint/],
    ['a cycle', cycle, /what contains it, found at callbacks\.self\.again/],
  ])('refuses %s', (_, value, message) => {
    expect(() => encodeJson(value, 'callbacks')).toThrow(message);
    expect(() => encodeJson(value, 'callbacks')).toThrow(expect.objectContaining({ code: 'PL3009' }));
  });

  it('takes the same record in two places', () => {
    const shared = { n: 1 };
    expect(decodeJson(encodeJson([shared, shared], ''))).toEqual([{ n: 1 }, { n: 1 }]);
  });
});
