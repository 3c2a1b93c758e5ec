import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArrayPool } from './array-pool.js';

describe('ArrayPool', () => {
  test('gives a freed array to the next request of that length, and to one only', () => {
    const pool = new ArrayPool(1e6);
    const array = pool.take(100);
    pool.give(array);
    expect(pool.take(101)).not.toBe(array);
    expect(pool.take(100)).toBe(array);
    expect(pool.take(100)).not.toBe(array);
  });

  test('keeps no more bytes than its limit, and the lengths that were used last', () => {
    const pool = new ArrayPool(3000);
    const [a, b, c] = [pool.take(250), pool.take(251), pool.take(252)];
    for (const array of [a, b, c, pool.take(253)]) pool.give(array);
    expect(pool.bytes).toBeLessThanOrEqual(3000);
    expect(pool.take(250)).not.toBe(a);
    expect(pool.take(252)).toBe(c);
  });

  test('never has one array twice, whatever the order of requests', () => {
    const request = fc.record({ length: fc.integer({ min: 60, max: 70 }), give: fc.boolean() });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 200 }), (requests) => {
        const pool = new ArrayPool(2000);
        const held: Float32Array[] = [];
        for (const { length, give } of requests) {
          if (give && held.length > 0) pool.give(held.shift()!);
          const array = pool.take(length);
          expect(array).toHaveLength(length);
          expect(held).not.toContain(array);
          held.push(array);
          expect(pool.bytes).toBeLessThanOrEqual(2000);
        }
      }),
    );
  });
});
