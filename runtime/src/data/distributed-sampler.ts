import { PLError } from '../errors/pl-error.js';
import { RandomSampler, type Sampler, SequentialSampler } from './sampler.js';

/** Which part of the order a process takes. */
export interface ReplicaOptions {
  /** Processes that share the data. */
  numReplicas: number;
  /** This process among them, from 0. */
  rank: number;
}

interface EpochOptions extends ReplicaOptions {
  /** A new random order each epoch. */
  shuffle?: boolean;
  /** The order of epoch e is that of the seed `seed + e`, the same in every process. Default 0. */
  seed?: number;
}

export interface DistributedSamplerOptions extends EpochOptions {
  /** Default true; of no effect on a sampler's order. */
  shuffle?: boolean;
  /** Leaves samples out, instead of repeating some, where they cannot be divided evenly. Default false. */
  dropLast?: boolean;
}

export interface UnrepeatedDistributedSamplerOptions extends EpochOptions {
  /** Default false; of no effect on a sampler's order. */
  shuffle?: boolean;
}

/**
 * What both kinds share: an order that all processes agree on, because it follows from the seed and the number of the
 * epoch, and of which process r takes every `numReplicas`-th index from the r-th on.
 */
abstract class ReplicaSampler implements Sampler {
  abstract readonly length: number;
  readonly random: boolean;
  readonly numReplicas: number;
  readonly rank: number;
  readonly seed: number;
  epoch = 0;
  protected readonly order: Sampler;

  protected constructor(
    source: { readonly length: number } | Sampler,
    { numReplicas, rank, seed = 0 }: EpochOptions,
    shuffle: boolean,
  ) {
    checkReplica(numReplicas, rank, seed);
    this.numReplicas = numReplicas;
    this.rank = rank;
    this.seed = seed;
    if (isSampler(source)) this.order = source;
    else this.order = shuffle ? new RandomSampler(source) : new SequentialSampler(source);
    this.random = this.order.random !== false;
  }

  /** Chooses the order of the next epoch. Without it, every epoch has that of the first. */
  setEpoch(epoch: number): void {
    this.epoch = epoch;
    this.order.setEpoch?.(epoch);
  }

  get epochSeed(): number {
    return (this.seed + this.epoch) >>> 0;
  }

  /** @param seed the same in every process */
  sample(seed: number): Int32Array {
    const indices = Int32Array.from(this.order.sample(seed));
    if (indices.length !== this.order.length) {
      throw new PLError(
        'PL4011',
        `A sampler gave ${indices.length} indices, but its length is ${this.order.length}`,
        { hint: 'Processes share an order by its length: correct the `length` of the sampler.' },
      );
    }
    const { rank, numReplicas } = this;
    // Where the indices do not suffice, they begin anew.
    return Int32Array.from(
      { length: this.length },
      (_, i) => indices[(rank + i * numReplicas) % indices.length]!,
    );
  }
}

/**
 * The part of one process in training, after PyTorch's class of this name: equally many samples in every process, so
 * that all of them take the same number of steps. What cannot be divided evenly is filled up from the beginning of the
 * order, or left out with `dropLast`.
 *
 * @example
 * const sampler = new DistributedSampler(digits, { numReplicas: 4, rank });
 * const loader = new DataLoader(digits, { sampler, batchSize: 32 });
 * loader.setEpoch(3);
 */
export class DistributedSampler extends ReplicaSampler {
  readonly length: number;

  /**
   * @param source a dataset, or a sampler whose order is divided (Lightning's DistributedSamplerWrapper). The sampler has
   *   to give the same order for the same seed in every process.
   * @throws PLError PL4011 for a rank that is not below `numReplicas`, or a seed that is none
   */
  constructor(source: { readonly length: number } | Sampler, options: DistributedSamplerOptions) {
    super(source, options, options.shuffle ?? true);
    const share = this.order.length / this.numReplicas;
    this.length = options.dropLast ? Math.floor(share) : Math.ceil(share);
  }
}

/**
 * The part of one process in validation, test and prediction, after Lightning's class of this name: every sample in
 * exactly one process, none doubled, none dropped. Processes may differ by one sample.
 */
export class UnrepeatedDistributedSampler extends ReplicaSampler {
  readonly length: number;

  /**
   * @param source as for {@link DistributedSampler}
   * @throws PLError PL4011 as there, and when there are samples, but fewer than processes: one without any would not
   *   take part in what the others do together
   */
  constructor(source: { readonly length: number } | Sampler, options: UnrepeatedDistributedSamplerOptions) {
    super(source, options, options.shuffle ?? false);
    const { length } = this.order;
    this.length = Math.ceil((length - this.rank) / this.numReplicas);
    if (length === 0 || length >= this.numReplicas) return;
    throw new PLError('PL4011', `${length} samples cannot be divided among ${this.numReplicas} processes`, {
      hint: 'Every process needs one at least: use more data, or fewer devices.',
    });
  }
}

function isSampler(source: { readonly length: number } | Sampler): source is Sampler {
  // A dataset may have a method `sample` of its own; it also has `at`, which no sampler has.
  return 'sample' in source && typeof source.sample === 'function' && !('at' in source);
}

function checkReplica(numReplicas: number, rank: number, seed: number): void {
  const refuse = (message: string) => {
    throw new PLError('PL4011', message, {
      hint: 'numReplicas is the number of processes, rank is the number of this one, from 0.',
    });
  };
  if (!Number.isInteger(numReplicas) || numReplicas < 1) {
    refuse(`numReplicas is ${numReplicas}, wanted an integer above 0`);
  }
  if (!Number.isInteger(rank) || rank < 0 || rank >= numReplicas) {
    refuse(`rank is ${rank}, wanted an integer from 0 to ${numReplicas - 1}`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new PLError('PL4011', `seed is ${seed}, wanted an integer from 0 to 4294967295`, {
      hint: 'Give every process the same one.',
    });
  }
}
