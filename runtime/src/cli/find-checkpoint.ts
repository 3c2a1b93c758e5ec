import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readCheckpoint } from '../checkpoint/checkpoint.js';

/** Where checkpoints of earlier runs may lie. */
export interface CheckpointPlaces {
  /** `trainer.defaultRootDir`. */
  readonly rootDir: string;
  /** `checkpoint.dirpath`. */
  readonly dirpath: string | null;
}

/**
 * The best or the last checkpoint of the newest run that has any: of `lightning_logs/version_<n>` with the highest n,
 * or of the folder that the settings name. Undefined when there is none.
 *
 * @throws PLError PL3xxx when the checkpoint that knows the best one is damaged
 */
export async function findCheckpoint(
  which: 'best' | 'last',
  places: CheckpointPlaces,
): Promise<string | undefined> {
  const newest = folders(places)
    .map(newestIn)
    .find((path) => path !== undefined);
  if (newest === undefined || which === 'last') return newest;
  return (await bestKnownTo(newest)) ?? newest;
}

/** Folders to look in, newest run first. */
export function folders({ rootDir, dirpath }: CheckpointPlaces): string[] {
  if (dirpath !== null) return [dirpath];
  const logs = join(rootDir, 'lightning_logs');
  return entries(logs)
    .map((name) => /^version_(\d+)$/.exec(name)?.[1])
    .filter((version) => version !== undefined)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(logs, `version_${version}`, 'checkpoints'));
}

function newestIn(folder: string): string | undefined {
  const files = entries(folder)
    .filter((name) => name.endsWith('.ckpt') && !name.startsWith('.'))
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, time: statSync(path).mtimeMs }));
  return files.sort((a, b) => b.time - a.time || (a.path < b.path ? -1 : 1))[0]?.path;
}

/** The best checkpoint by what a run's newest one remembers; it is looked for beside it when the folder was moved. */
async function bestKnownTo(path: string): Promise<string | undefined> {
  const { callbacks } = await readCheckpoint(path);
  const states = Object.entries(callbacks).filter(([key]) => key.startsWith('ModelCheckpoint'));
  const known = states.map(([, state]) => (state as { best_model_path?: unknown } | null)?.best_model_path);
  const best = known.find((candidate) => typeof candidate === 'string' && candidate !== '') as
    | string
    | undefined;
  if (best === undefined) return undefined;
  return [join(path, '..', basename(best)), best].find((candidate) => existsSync(candidate));
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
