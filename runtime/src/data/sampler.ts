import { PLError } from '../errors/pl-error.js';
import { Generator as RandomGenerator } from '../random/generator.js';

/**
 * An order of sample indices. It holds no state: the loader draws one seed per epoch, and the same seed gives the same
 * order, which is what lets a run resume in the middle of an epoch.
 */
export interface Sampler {
  /** Indices per epoch. */
  readonly length: number;
  /** False when every seed gives the same order: then none is drawn. Left out means true. */
  readonly random?: boolean;
  /** The seed of the next epoch, where it follows from the epoch's number; left out, the loader draws one. */
  readonly epochSeed?: number | undefined;
  /** Tells the number of the next epoch to a sampler that depends on it. */
  setEpoch?(epoch: number): void;
  sample(seed: number): Iterable<number>;
}

/** Sample indices in batches. */
export interface BatchIndices {
  /** Batches per epoch. */
  readonly length: number;
  readonly random?: boolean;
  readonly epochSeed?: number | undefined;
  setEpoch?(epoch: number): void;
  batches(seed: number): Iterable<ArrayLike<number>>;
}

/** 0, 1, 2, … */
export class SequentialSampler implements Sampler {
  readonly length: number;
  readonly random = false;

  constructor(dataset: { readonly length: number }) {
    this.length = dataset.length;
  }

  sample(): Int32Array {
    return Int32Array.from({ length: this.length }, (_, i) => i);
  }
}

/** Every index once in random order; with `replacement`, independent draws. */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly #population: number;
  readonly #replacement: boolean;

  /** @param options.numSamples indices per epoch, default all; beyond the dataset's length the order starts anew */
  constructor(
    dataset: { readonly length: number },
    { replacement = false, numSamples = dataset.length }: { replacement?: boolean; numSamples?: number } = {},
  ) {
    checkCount('numSamples', numSamples);
    if (dataset.length === 0 && numSamples > 0) {
      throw new PLError('PL4011', `numSamples is ${numSamples}, but the dataset is empty`, {
        hint: 'There is nothing to draw from: check how the dataset is made.',
      });
    }
    this.length = numSamples;
    this.#population = dataset.length;
    this.#replacement = replacement;
  }

  sample(seed: number): Int32Array {
    const generator = new RandomGenerator(seed);
    const population = this.#population;
    if (this.#replacement)
      return Int32Array.from({ length: this.length }, () => generator.nextInt(population));
    if (this.length === population) return generator.permutation(population);
    const order = new Int32Array(this.length);
    for (let filled = 0; filled < order.length; filled += population) {
      order.set(generator.permutation(population).subarray(0, order.length - filled), filled);
    }
    return order;
  }
}

/** Draws indices with a probability in proportion to their weight, for unbalanced classes. */
export class WeightedRandomSampler implements Sampler {
  readonly length: number;
  readonly #weights: Float64Array;
  readonly #replacement: boolean;

  /**
   * @param weights one per sample, none negative, not all 0; they need not add up to 1
   * @param numSamples indices per epoch
   */
  constructor(
    weights: ArrayLike<number>,
    numSamples: number = weights.length,
    { replacement = true }: { replacement?: boolean } = {},
  ) {
    checkCount('numSamples', numSamples);
    this.#weights = Float64Array.from(weights);
    const bad = this.#weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
    const positive = this.#weights.filter((weight) => weight > 0).length;
    if (bad >= 0 || positive === 0) {
      throw new PLError('PL4011', bad >= 0 ? `Weight ${bad} is ${weights[bad]}` : 'No weight is above 0', {
        hint: 'Weights are finite numbers, 0 or more, and at least one is above 0.',
      });
    }
    if (!replacement && numSamples > positive) {
      throw new PLError(
        'PL4011',
        `numSamples is ${numSamples}, but without replacement only the ${positive} samples of a weight above 0 can be drawn`,
        { hint: 'Ask for fewer samples, or pass { replacement: true }.' },
      );
    }
    this.length = numSamples;
    this.#replacement = replacement;
  }

  sample(seed: number): Int32Array {
    const generator = new RandomGenerator(seed);
    return this.#replacement ? this.#withReplacement(generator) : this.#withoutReplacement(generator);
  }

  #withReplacement(generator: RandomGenerator): Int32Array {
    let total = 0;
    const upTo = this.#weights.map((weight) => {
      total += weight;
      return total;
    });
    return Int32Array.from({ length: this.length }, () => {
      const x = generator.nextFloat() * total;
      let low = 0;
      let high = upTo.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (x < upTo[middle]!) high = middle;
        else low = middle + 1;
      }
      return low;
    });
  }

  /** Exponential keys: Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006. */
  #withoutReplacement(generator: RandomGenerator): Int32Array {
    const keys = this.#weights.map((weight) => -Math.log(1 - generator.nextFloat()) / weight);
    const order = Int32Array.from(keys, (_, i) => i).filter((i) => this.#weights[i]! > 0);
    return order.sort((a, b) => keys[a]! - keys[b]!).subarray(0, this.length);
  }
}

/** Cuts a sampler's order into batches. */
export class BatchSampler implements BatchIndices {
  readonly length: number;
  readonly random: boolean;

  /** @param dropLast leave out a last batch that is not full */
  constructor(
    readonly sampler: Sampler,
    readonly batchSize: number,
    readonly dropLast = false,
  ) {
    checkBatchSize(batchSize);
    const full = Math.floor(sampler.length / batchSize);
    this.length = dropLast || full * batchSize === sampler.length ? full : full + 1;
    this.random = sampler.random !== false;
  }

  get epochSeed(): number | undefined {
    return this.sampler.epochSeed;
  }

  setEpoch(epoch: number): void {
    this.sampler.setEpoch?.(epoch);
  }

  *batches(seed: number): Generator<ArrayLike<number>> {
    const order = this.sampler.sample(seed);
    const { batchSize } = this;
    if (order instanceof Int32Array) {
      const end = this.dropLast ? order.length - (order.length % batchSize) : order.length;
      for (let start = 0; start < end; start += batchSize) yield order.subarray(start, start + batchSize);
      return;
    }
    let batch: number[] = [];
    for (const index of order) {
      batch.push(index);
      if (batch.length === batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}

/** Throws PL4003 unless `batchSize` is an integer above 0. */
export function checkBatchSize(batchSize: number): void {
  if (Number.isInteger(batchSize) && batchSize > 0) return;
  throw new PLError('PL4003', `batchSize is ${String(batchSize)}, wanted an integer above 0`, {
    hint: 'Set batchSize to the number of samples per batch, for example 32.',
  });
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0) return;
  throw new PLError('PL4011', `${name} is ${String(value)}, wanted an integer of 0 or more`, {
    hint: `Leave ${name} out to draw as many indices as there are samples.`,
  });
}
