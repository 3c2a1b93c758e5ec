import '@tensorflow/tfjs-backend-cpu';
import { afterEach, describe, expect, it } from 'vitest';
import * as tf from '../tf.js';
import { globalGenerator, restoreRngState, rngState, seedEverything } from './seed-everything.js';

const original = Math.random;
afterEach(() => {
  Math.random = original;
});

const initialWeights = () =>
  tf.tidy(() => {
    const layer = tf.layers.dense({ units: 3, inputShape: [4] });
    layer.build([null, 4]);
    return [...layer.getWeights()[0]!.dataSync()];
  });
const dropoutMask = () => tf.tidy(() => [...tf.dropout(tf.ones([32]), 0.5).dataSync()]);

describe('seedEverything', () => {
  it('makes initial weights and dropout masks repeatable', () => {
    seedEverything(42);
    const first = [initialWeights(), dropoutMask()];
    seedEverything(42);
    expect([initialWeights(), dropoutMask()]).toEqual(first);
    seedEverything(43);
    expect([initialWeights(), dropoutMask()]).not.toEqual(first);
  });

  it('goes on from a restored state', () => {
    seedEverything(1);
    Math.random();
    const saved = JSON.parse(JSON.stringify(rngState()));
    const expected = [Math.random(), ...dropoutMask()];
    Math.random = original;
    restoreRngState(saved);
    expect([Math.random(), ...dropoutMask()]).toEqual(expected);
  });

  it('leaves Math.random alone until it is asked', () => {
    const before = rngState();
    Math.random();
    expect(rngState()).toEqual(before);
    globalGenerator().nextUint32();
    expect(rngState()).not.toEqual(before);
  });

  it('changes nothing when the seed or the state is not one', () => {
    const before = rngState();
    expect(() => seedEverything(-1)).toThrow(expect.objectContaining({ code: 'PL4001' }));
    for (const state of [
      null,
      {},
      { algorithm: 'mt19937', state: [1] },
      { algorithm: 'xoshiro128**', state: [1] },
    ]) {
      expect(() => restoreRngState(state)).toThrow(expect.objectContaining({ code: 'PL4002' }));
    }
    expect(rngState()).toEqual(before);
    expect(Math.random).toBe(original);
  });
});
