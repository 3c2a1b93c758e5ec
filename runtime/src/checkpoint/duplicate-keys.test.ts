import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findDuplicateKey } from './duplicate-keys.js';

describe('findDuplicateKey', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"x":{"k":[{"d":1 , "d" :2}]}}', 'd'],
    ['{"a\\"b":1,"a\\"b":1}', 'a"b'],
    ['{"a":{"b":1},"b":{"a":1}}', undefined],
    ['{"a":"a","b":"{\\"a\\":1,\\"a\\":2}"}', undefined],
    ['[{"a":1},{"a":1}]', undefined],
  ])('in %s finds %s', (json, key) => {
    expect(() => JSON.parse(json)).not.toThrow();
    expect(findDuplicateKey(json)).toBe(key);
  });

  it('finds none in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(findDuplicateKey(JSON.stringify(value))).toBeUndefined();
      }),
    );
  });
});
