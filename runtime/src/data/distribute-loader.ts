import { PLError } from '../errors/pl-error.js';
import type { DataLoader } from './data-loader.js';
import { isDataset } from './dataset.js';
import {
  DistributedSampler,
  type ReplicaOptions,
  UnrepeatedDistributedSampler,
} from './distributed-sampler.js';
import { BatchSampler, type Sampler } from './sampler.js';

export interface DistributeOptions extends ReplicaOptions {
  /**
   * `repeat` fills up the last places, so that all processes take equally many batches: for training. `unrepeated`
   * gives every sample to exactly one process: for validation, test and prediction.
   */
  padding: 'repeat' | 'unrepeated';
  /** For loaders without a seed of their own. Default 0. */
  seed?: number;
}

/**
 * The twin of a data loader that hands out this process's part of the data. Everything else stays: dataset, collation,
 * batch size (of each process), `dropLast`, and whether the order is random. A random order follows from seed and epoch,
 * so call `setEpoch` before each epoch.
 *
 * A sampler of the user's is divided like any other order. Left as they are: loaders that are divided already, and those
 * of iterable datasets, where each process takes what its stream gives.
 *
 * @throws PLError PL4015 for a `batchSampler` that is no `BatchSampler`: nobody knows how to divide its batches
 */
export function distributeLoader<B>(loader: DataLoader<B>, options: DistributeOptions): DataLoader<B> {
  if (!isDataset(loader.dataset)) return loader;
  const { sampler, batchSampler } = loader;
  if (sampler !== undefined) {
    return isDistributed(sampler) ? loader : loader.with({ sampler: part(sampler, loader, options) });
  }
  if (!(batchSampler instanceof BatchSampler)) {
    throw new PLError(
      'PL4015',
      `A DataLoader has a batchSampler of its own, ${describe(batchSampler)}, which cannot be divided among ${options.numReplicas} processes`,
      {
        hint:
          'Divide the samples: pass `sampler` and `batchSize` instead, or a BatchSampler over a DistributedSampler; ' +
          'or let it give each process its own batches, and set trainer.useDistributedSampler to false.',
      },
    );
  }
  if (isDistributed(batchSampler.sampler)) return loader;
  const { batchSize, dropLast } = batchSampler;
  return loader.with({
    batchSampler: new BatchSampler(part(batchSampler.sampler, loader, options), batchSize, dropLast),
  });
}

function part(sampler: Sampler, loader: DataLoader<unknown>, options: DistributeOptions): Sampler {
  const { padding, ...replica } = { ...options, seed: loader.seed ?? options.seed ?? 0 };
  return padding === 'repeat'
    ? new DistributedSampler(sampler, replica)
    : new UnrepeatedDistributedSampler(sampler, replica);
}

function isDistributed(sampler: Sampler): boolean {
  return sampler instanceof DistributedSampler || sampler instanceof UnrepeatedDistributedSampler;
}

function describe(batches: unknown): string {
  const name = (batches as object | undefined)?.constructor?.name;
  return name === undefined || name === 'Object' ? 'a plain object' : `a ${name}`;
}
