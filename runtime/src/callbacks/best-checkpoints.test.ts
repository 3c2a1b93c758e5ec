import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BestCheckpoints } from './best-checkpoints.js';

/** Offers scores under the paths '0', '1', …; returns the paths that gave way, in order. */
function offer(best: BestCheckpoints, scores: readonly number[]): string[] {
  const displaced: string[] = [];
  scores.forEach((score, i) => {
    if (!best.accepts(score)) return;
    const path = best.makeRoom();
    if (path !== undefined) displaced.push(path);
    best.add(`${i}`, score);
  });
  return displaced;
}

const scoreLists = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 20 });
const modes = fc.constantFrom('min' as const, 'max' as const);

describe('BestCheckpoints', () => {
  it('keeps the k best of any sequence', () => {
    fc.assert(
      fc.property(scoreLists, fc.integer({ min: 1, max: 5 }), modes, (scores, k, mode) => {
        const best = new BestCheckpoints(k, mode);
        offer(best, scores);
        const ascending = (a: number, b: number) => (a < b ? -1 : a > b ? 1 : 0);
        const sorted = scores.map((score) => score + 0).sort(ascending);
        const expected = mode === 'min' ? sorted.slice(0, k) : sorted.slice(-k);
        expect(Array.from(best.scores.values(), (score) => score + 0).sort(ascending)).toEqual(expected);
        expect(best.bestScore! + 0).toBe(mode === 'min' ? expected[0] : expected.at(-1));
      }),
    );
  });

  it('keeps everything for k = -1, and still knows the best', () => {
    const best = new BestCheckpoints(-1, 'max');
    expect(offer(best, [0.1, 0.9, 0.5])).toEqual([]);
    expect(best.bestPath).toBe('1');
    expect(best.worstPath).toBe('0');
  });

  it('lets the oldest of equal scores win, and go first', () => {
    const best = new BestCheckpoints(2, 'min');
    expect(offer(best, [0.5, 0.5, 0.5])).toEqual([]);
    expect(best.bestPath).toBe('0');
    best.makeRoom();
    best.add('3', 0.4);
    expect(Array.from(best.scores.keys())).toEqual(['1', '3']);
  });

  it('comes back from its state as it was', () => {
    fc.assert(
      fc.property(scoreLists, scoreLists, modes, (before, after, mode) => {
        const one = new BestCheckpoints(3, mode);
        offer(one, before);
        const other = new BestCheckpoints(3, mode);
        other.loadState(one.state());
        other.bestPath = one.bestPath;
        expect(offer(other, after)).toEqual(offer(one, after));
        expect(other.state()).toEqual(one.state());
      }),
    );
  });
});
