import { availableParallelism } from 'node:os';
import { announce } from '../callbacks/announce.js';
import { type EngineOptions, type SelectedEngine, selectEngine } from '../engines/select.js';
import type { Strategy } from './strategy.js';

let announced = '';

/**
 * As `selectEngine`, for a process among several on its host: it takes its share of the cores where no number of threads is
 * given, and a GPU of its own. Says what was chosen; one line a process, unless another engine takes over.
 */
export async function selectProcessEngine(
  { threads, ...options }: Omit<EngineOptions, 'localRank'>,
  { localRank, localWorldSize }: Pick<Strategy, 'localRank' | 'localWorldSize'>,
): Promise<SelectedEngine> {
  const share =
    localWorldSize === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / localWorldSize));
  const own = threads ?? share;
  const engine = await selectEngine({ ...options, localRank, ...(own !== undefined && { threads: own }) });
  if (engine.reason !== announced) announce(`Engine: ${engine.reason}`);
  announced = engine.reason;
  return engine;
}
