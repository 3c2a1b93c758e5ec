import { getRandomValues } from 'node:crypto';
import { PLError } from '../errors/pl-error.js';
import { Generator } from './generator.js';

/** The state of the global generator as a checkpoint holds it: plain JSON. */
export interface RngState {
  algorithm: 'xoshiro128**';
  state: number[];
}

const global = new Generator(getRandomValues(new Uint32Array(1))[0]!);
const nextFloat = () => global.nextFloat();
let lastSeed: number | undefined;

/** The process-wide generator: data loaders draw the seeds of their orders from it. Starts from entropy. */
export function globalGenerator(): Generator {
  return global;
}

/**
 * Makes a run repeatable: seeds the global generator and puts it in the place of `Math.random`.
 *
 * TensorFlow.js's initializers, dropout and random operations draw their seeds from `Math.random`, which cannot be
 * seeded and whose state cannot be saved. With the global generator in its place the same seed gives the same weights
 * and the same dropout masks, and a resumed run goes on with the numbers that the interrupted one would have drawn.
 *
 * @param seed an integer from 0 to 2³²-1 (PL4001)
 * @returns the seed
 */
export function seedEverything(seed: number): number {
  global.seed(seed);
  lastSeed = seed;
  Math.random = nextFloat;
  return seed;
}

/** What `seedEverything` was called with last. */
export function globalSeed(): number | undefined {
  return lastSeed;
}

/** The state to store in a checkpoint. */
export function rngState(): RngState {
  return { algorithm: 'xoshiro128**', state: global.state() };
}

/**
 * Goes on from a state that `rngState()` gave, with `Math.random` replaced as `seedEverything` does it.
 * Throws PL4002 for anything that is not such a state.
 */
export function restoreRngState(state: unknown): void {
  if (!isRngState(state)) {
    throw new PLError(
      'PL4002',
      `the random state is ${JSON.stringify(state)}, wanted what rngState() returns`,
      {
        hint: 'The checkpoint was written by another program or another version: start without its random state.',
      },
    );
  }
  global.setState(state.state);
  Math.random = nextFloat;
}

function isRngState(value: unknown): value is RngState {
  return (
    typeof value === 'object' &&
    value !== null &&
    'algorithm' in value &&
    value.algorithm === 'xoshiro128**' &&
    'state' in value &&
    Array.isArray(value.state)
  );
}
