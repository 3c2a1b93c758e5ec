import { PLError } from '../errors/pl-error.js';

const TWO_32 = 2 ** 32;

/** Throws PL4001 unless `seed` is an integer from 0 to 2³²-1. Returns it. */
export function checkSeed(seed: number, name = 'seed'): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < TWO_32) return seed;
  throw new PLError('PL4001', `${name} is ${String(seed)}, wanted an integer from 0 to ${TWO_32 - 1}`, {
    hint: 'Pass a whole number such as 42.',
  });
}

/**
 * A small, fast, seedable random number generator whose whole state is four numbers, so that a checkpoint can hold
 * it: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), seeded through
 * splitmix32. Not for cryptography.
 */
export class Generator {
  readonly #s = new Int32Array(4);

  /** @param seed an integer from 0 to 2³²-1 (PL4001) */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** Starts the sequence that belongs to `seed`. */
  seed(seed: number): void {
    let z = checkSeed(seed) | 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) | 0;
      let mixed = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.#s[i] = mixed ^ (mixed >>> 15);
    }
  }

  /** An integer from 0 to 2³²-1, each equally likely. */
  nextUint32(): number {
    const s = this.#s;
    const s1 = s[1]!;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= s1 << 9;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result >>> 0;
  }

  /** Fills an array with what as many calls of `nextUint32` would give, faster. */
  fillUint32(target: Uint32Array): void {
    let [s0, s1, s2, s3] = this.#s as unknown as [number, number, number, number];
    for (let i = 0; i < target.length; i++) {
      const scrambled = Math.imul(s1, 5);
      target[i] = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
      const shifted = s1 << 9;
      s2 ^= s0;
      s3 ^= s1;
      s1 ^= s2;
      s0 ^= s3;
      s2 ^= shifted;
      s3 = (s3 << 11) | (s3 >>> 21);
    }
    this.#s.set([s0, s1, s2, s3]);
  }

  /** A number in [0, 1) with 53 random bits. */
  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    return (high * 0x4000000 + (this.nextUint32() >>> 6)) / 0x20000000000000;
  }

  /** An integer from 0 to `bound - 1`, each equally likely; `bound` is from 1 to 2³². */
  nextInt(bound: number): number {
    const limit = TWO_32 - (TWO_32 % bound);
    let x = this.nextUint32();
    while (x >= limit) x = this.nextUint32();
    return x % bound;
  }

  /** The integers 0 … n-1 in random order, every order equally likely (Fisher and Yates). */
  permutation(n: number): Int32Array {
    const order = new Int32Array(n);
    for (let i = 1; i < n; i++) {
      const j = this.nextInt(i + 1);
      order[i] = order[j]!;
      order[j] = i;
    }
    return order;
  }

  /** Four integers that `setState` takes back. */
  state(): number[] {
    return Array.from(this.#s, (word) => word >>> 0);
  }

  /** Goes on from a state that `state()` gave; throws PL4002 for anything else. */
  setState(state: readonly number[]): void {
    const valid =
      Array.isArray(state) &&
      state.length === 4 &&
      state.every((word) => Number.isInteger(word) && word >= 0 && word < TWO_32) &&
      state.some((word) => word !== 0);
    if (!valid) {
      throw new PLError(
        'PL4002',
        `the state of a random number generator is ${JSON.stringify(state)}, wanted four integers from 0 to ${TWO_32 - 1} that are not all 0`,
        { hint: 'Pass what `state()` returned.' },
      );
    }
    this.#s.set(state);
  }
}
