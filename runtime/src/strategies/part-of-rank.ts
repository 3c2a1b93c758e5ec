import type { DataLoader } from '../data/data-loader.js';
import { type DistributeOptions, distributeLoader } from '../data/distribute-loader.js';
import { globalSeed } from '../random/seed-everything.js';
import type { Strategy } from './strategy.js';

/**
 * A process's part of a data loader: all of it, where the process is alone.
 *
 * @throws PLError PL4015 for a loader with batches of its own that cannot be divided
 */
export function partOfRank<B>(
  { worldSize, globalRank }: Pick<Strategy, 'worldSize' | 'globalRank'>,
  loader: DataLoader<B>,
  padding: DistributeOptions['padding'],
): DataLoader<B> {
  if (worldSize === 1) return loader;
  return distributeLoader(loader, {
    numReplicas: worldSize,
    rank: globalRank,
    padding,
    seed: globalSeed() ?? 0,
  });
}
