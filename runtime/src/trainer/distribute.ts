import type { DataLoader } from '../data/data-loader.js';
import { distributeLoader } from '../data/distribute-loader.js';
import { globalSeed } from '../random/seed-everything.js';
import type { Session } from './session.js';

/**
 * This process's part of a data loader. Training data is filled up, so that all processes take equally many steps; the
 * rest goes to one process each, so that metrics count it once.
 */
export function ownPart(
  { strategy, config }: Session,
  loader: DataLoader<unknown>,
  stage: 'train' | 'evaluation',
): DataLoader<unknown> {
  const { worldSize, globalRank } = strategy;
  if (worldSize === 1 || !config.useDistributedSampler) return loader;
  return distributeLoader(loader, {
    numReplicas: worldSize,
    rank: globalRank,
    padding: stage === 'train' ? 'repeat' : 'unrepeated',
    seed: globalSeed() ?? 0,
  });
}
