import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fingerprintOf } from '../libtorch/inspect-folder.js';
import type { CachePaths } from './cache.js';
import type { NativeSources } from './native-sources.js';
import { addonName, type Recipe } from './recipe.js';

const ADDON = 'pl_torch.node';
const RECORD = 'build.json';

/** An addon in the cache. */
export interface BuiltAddon {
  path: string;
  recipe: Recipe;
  /** What it could use when it was built: `cpu`, `cuda:0`. */
  devices: readonly string[];
}

export function addonIn(folder: string): string {
  return join(folder, ADDON);
}

/** Writes beside an addon what it is, so that others find it. */
export function recordAddon(folder: string, recipe: Recipe, devices: readonly string[]): BuiltAddon {
  writeFileSync(join(folder, RECORD), `${JSON.stringify({ recipe, devices }, null, 2)}\n`);
  return { path: addonIn(folder), recipe, devices };
}

/**
 * The addon that was built or asked for last, of those that the present sources give and whose libtorch is still in
 * its place. Runs no program; some milliseconds.
 */
export function findBuiltAddon(
  { addons }: CachePaths,
  sources: NativeSources,
  accept: (recipe: Recipe) => boolean = () => true,
): BuiltAddon | undefined {
  if (!existsSync(addons)) return undefined;
  return readdirSync(addons)
    .map((name) => readAddon(join(addons, name), sources))
    .filter((addon) => addon !== undefined && accept(addon.recipe))
    .reduce((last, addon) => (last === undefined || addon!.time > last.time ? addon : last), undefined);
}

/** Makes an addon the last one that was asked for. */
export function touchAddon({ path }: BuiltAddon): void {
  utimesSync(dirname(path), new Date(), new Date());
}

/** The addon in a folder and when it was asked for; undefined when it is not for these sources or for its libtorch. */
function readAddon(folder: string, sources: NativeSources): (BuiltAddon & { time: number }) | undefined {
  try {
    const { recipe, devices } = JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as BuiltAddon;
    const { libraryFolder, fingerprint } = recipe.libtorch;
    const isCurrent =
      addonName(sources, recipe) === basename(folder) &&
      fingerprintOf(libraryFolder) === fingerprint &&
      existsSync(addonIn(folder));
    return isCurrent ? { path: addonIn(folder), recipe, devices, time: statSync(folder).mtimeMs } : undefined;
  } catch {
    // Removed meanwhile, or damaged: it will be built again.
    return undefined;
  }
}
