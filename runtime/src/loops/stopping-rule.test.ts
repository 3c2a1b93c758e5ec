import { describe, expect, it } from 'vitest';
import { initialProgress } from './progress.js';
import { StoppingRule } from './stopping-rule.js';

const at = (epoch: number, globalStep: number) => ({ ...initialProgress(), epoch, globalStep });
const rule = (config: Partial<ConstructorParameters<typeof StoppingRule>[0]>) =>
  new StoppingRule({
    maxEpochs: null,
    maxSteps: -1,
    maxTime: null,
    minEpochs: null,
    minSteps: null,
    ...config,
  });

describe('StoppingRule', () => {
  it('trains for 1000 epochs where nothing is said', () => {
    expect(rule({}).done(at(999, 1e6))).toBe(false);
    expect(rule({}).done(at(1000, 1e6))).toBe(true);
  });

  it('has no limit of epochs where steps or time are limited, or with -1', () => {
    expect(rule({ maxTime: '00:01:00:00' }).done(at(5000, 1e6))).toBe(false);
    expect(rule({ maxSteps: 10 }).done(at(5000, 9))).toBe(false);
    expect(rule({ maxSteps: 10 }).done(at(0, 10))).toBe(true);
    expect(rule({ maxEpochs: -1 }).done(at(5000, 1e6))).toBe(false);
  });

  it('lets nobody stop before the minimums', () => {
    const { mayStopEarly } = {
      mayStopEarly: (e: number, s: number) => rule({ minEpochs: 2, minSteps: 7 }).mayStopEarly(at(e, s)),
    };
    expect([mayStopEarly(1, 7), mayStopEarly(2, 6), mayStopEarly(2, 7)]).toEqual([false, false, true]);
  });
});
