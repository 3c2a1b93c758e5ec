import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Generator } from './generator.js';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('Generator', () => {
  it('follows xoshiro128**', () => {
    // Computed from the recurrence of xoshiro128starstar.c in Python integers, started with s = {1, 2, 3, 4}.
    const generator = new Generator(0);
    generator.setState([1, 2, 3, 4]);
    const drawn = Array.from({ length: 10 }, () => generator.nextUint32());
    expect(drawn).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('fills arrays with the numbers that single draws give, and ends in the same state', () => {
    fc.assert(
      fc.property(seeds, fc.nat(20), (seed, length) => {
        const [single, filling] = [new Generator(seed), new Generator(seed)];
        const filled = new Uint32Array(length);
        filling.fillUint32(filled);
        expect([...filled]).toEqual(Array.from({ length }, () => single.nextUint32()));
        expect(filling.state()).toEqual(single.state());
      }),
    );
  });

  it('gives the same numbers for the same seed, other numbers for another', () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const draw = (seed: number) => {
          const generator = new Generator(seed);
          return [generator.nextUint32(), generator.nextUint32(), generator.nextUint32()];
        };
        expect(draw(a)).toEqual(draw(a));
        if (a !== b) expect(draw(a)).not.toEqual(draw(b));
      }),
    );
  });

  it('goes on from a saved state', () => {
    fc.assert(
      fc.property(seeds, fc.nat(20), (seed, steps) => {
        const generator = new Generator(seed);
        for (let i = 0; i < steps; i++) generator.nextUint32();
        const saved = JSON.parse(JSON.stringify(generator.state())) as number[];
        const expected = [generator.nextFloat(), generator.nextUint32()];
        const other = new Generator(0);
        other.setState(saved);
        expect([other.nextFloat(), other.nextUint32()]).toEqual(expected);
      }),
    );
  });

  it('spreads floats evenly over [0, 1)', () => {
    const generator = new Generator(7);
    const bins = new Int32Array(10);
    for (let i = 0; i < 100_000; i++) {
      const x = generator.nextFloat();
      expect(x >= 0 && x < 1).toBe(true);
      bins[Math.floor(x * 10)]!++;
    }
    // Chi-square with 9 degrees of freedom: 27.9 is the 0.1 % point.
    const chi2 = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi2).toBeLessThan(27.9);
  });

  it('permutes', () => {
    fc.assert(
      fc.property(seeds, fc.nat(200), (seed, n) => {
        const order = new Generator(seed).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  it('gives every order of three equally often', () => {
    const generator = new Generator(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const key = generator.permutation(3).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // Chi-square with 5 degrees of freedom: 20.5 is the 0.1 % point.
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi2).toBeLessThan(20.5);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number])(
    'refuses the seed %s',
    (seed) => {
      expect(() => new Generator(seed)).toThrow(expect.objectContaining({ code: 'PL4001' }));
    },
  );

  it.each([[[1, 2, 3]], [[0, 0, 0, 0]], [[1, 2, 3, -4]], [[1, 2, 3, 4.5]], ['abcd' as unknown as number[]]])(
    'refuses the state %j',
    (state) => {
      const generator = new Generator(1);
      const before = generator.state();
      expect(() => generator.setState(state)).toThrow(expect.objectContaining({ code: 'PL4002' }));
      expect(generator.state()).toEqual(before);
    },
  );
});
