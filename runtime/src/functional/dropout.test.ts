import { beforeAll, describe, expect, test } from 'vitest';
import { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import { dropout } from './dropout.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  await tf.ready();
});

const values = (make: () => tf.Tensor) => tf.tidy(() => [...make().dataSync()]);
const ones = (n: number) => tf.ones([n]);

describe('dropout', () => {
  test('zeroes a share p and scales the rest, so that the mean stays', () => {
    const y = values(() => dropout(ones(20_000), { p: 0.3, generator: new Generator(1) }));
    const kept = y.filter((v) => v !== 0);
    expect(new Set(kept)).toEqual(new Set([Math.fround(1 / 0.7)]));
    // Five standard deviations of a binomial share.
    expect(Math.abs(1 - kept.length / y.length - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / y.length));
  });

  test('gives the gradient of the elements that it kept', () => {
    const generator = new Generator(2);
    const state = generator.state();
    const y = values(() => dropout(ones(50), { generator }));
    generator.setState(state);
    const grad = values(() => tf.grad((x) => dropout(x, { generator }))(ones(50)));
    expect(grad).toEqual(y);
  });

  test('goes on where a restored generator stopped', () => {
    const generator = new Generator(3);
    values(() => dropout(ones(7), { generator }));
    const state = generator.state();
    const next = values(() => dropout(ones(40), { generator }));
    const restored = new Generator(0);
    restored.setState(state);
    expect(values(() => dropout(ones(40), { generator: restored }))).toEqual(next);
  });

  test('draws from the global generator unless told otherwise', () => {
    const before = globalGenerator().state();
    const y = values(() => dropout(ones(40)));
    const replay = new Generator(0);
    replay.setState(before);
    expect(values(() => dropout(ones(40), { generator: replay }))).toEqual(y);
    expect(globalGenerator().state()).toEqual(replay.state());
  });

  test('does nothing outside of training or with p = 0, and draws nothing', () => {
    const generator = new Generator(4);
    const state = generator.state();
    expect(values(() => dropout(ones(3), { training: false, generator }))).toEqual([1, 1, 1]);
    expect(values(() => dropout(ones(3), { p: 0, generator }))).toEqual([1, 1, 1]);
    expect(generator.state()).toEqual(state);
  });

  test('drops everything with p = 1', () => {
    expect(values(() => dropout(ones(3), { p: 1 }))).toEqual([0, 0, 0]);
  });

  test('refuses a rate above 1', () => {
    expect(() => dropout(ones(3), { p: 1.5 })).toThrowError(expect.objectContaining({ code: 'PL7103' }));
  });
});
