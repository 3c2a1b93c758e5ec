import { availableParallelism } from 'node:os';
import { announce } from '../callbacks/announce.js';
import { type EngineOptions, type SelectedEngine, selectEngine } from '../engines/select.js';

let announced = '';

/**
 * As `selectEngine`, for a process among `localWorldSize` on its host: it takes its share of the cores where no number of
 * threads is given. Says what was chosen; one line a process, unless another engine takes over.
 */
export async function selectProcessEngine(
  { threads, ...options }: EngineOptions,
  localWorldSize: number,
): Promise<SelectedEngine> {
  const share =
    localWorldSize === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / localWorldSize));
  const own = threads ?? share;
  const engine = await selectEngine({ ...options, ...(own !== undefined && { threads: own }) });
  if (engine.reason !== announced) announce(`Engine: ${engine.reason}`);
  announced = engine.reason;
  return engine;
}
