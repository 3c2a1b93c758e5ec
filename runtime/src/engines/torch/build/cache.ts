import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/** Where a user's builds of the torch engine are kept: below `XDG_CACHE_HOME`, or the system's folder for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(env.XDG_CACHE_HOME || join(homedir(), caches), 'pl-ts', 'torch');
}

/** The places in the cache that a build uses. */
export interface CachePaths {
  root: string;
  /** A folder per addon. */
  addons: string;
  /** A file per source and way to compile it. */
  objects: string;
  /** Unfinished work; what it holds becomes visible by being renamed. */
  temporary: string;
  lock: string;
  log: string;
}

export function cachePaths(root = cacheFolder()): CachePaths {
  const [addons, objects, temporary] = ['addons', 'objects', 'tmp'].map((name) => join(root, name));
  return {
    root,
    addons: addons!,
    objects: objects!,
    temporary: temporary!,
    lock: join(root, 'lock'),
    log: join(root, 'build.log'),
  };
}

export function makeCache({ addons, objects, temporary }: CachePaths): void {
  for (const folder of [addons, objects, temporary]) mkdirSync(folder, { recursive: true });
}

/** Removes what no build has used for a month, and what killed builds left. Whatever cannot be removed stays. */
export function pruneCache({ addons, objects, temporary }: CachePaths): void {
  removeOlder(addons, 30 * DAY_MS);
  removeOlder(objects, 30 * DAY_MS);
  removeOlder(temporary, DAY_MS);
}

function removeOlder(folder: string, age: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    try {
      if (Date.now() - statSync(path).mtimeMs > age) rmSync(path, { recursive: true });
    } catch {
      // Another process was faster, or it is not ours.
    }
  }
}
