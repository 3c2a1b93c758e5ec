import type { DataLoader } from '../data/data-loader.js';
import { partOfRank } from '../strategies/part-of-rank.js';
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
  if (!config.useDistributedSampler) return loader;
  return partOfRank(strategy, loader, stage === 'train' ? 'repeat' : 'unrepeated');
}
