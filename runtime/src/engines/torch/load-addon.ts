import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { TorchAddon } from './addon.js';
import { findBuiltAddon } from './build/built-addon.js';
import { cachePaths } from './build/cache.js';
import { type NativeSources, nativeSources } from './build/native-sources.js';
import { findLibtorch } from './libtorch/find-libtorch.js';
import { rootsIn } from './libtorch/inspect-folder.js';
import type { Libtorch, UnusableLibtorch } from './libtorch/libtorch.js';

export type TorchAddonSearch =
  | { state: 'loaded'; addon: TorchAddon; libtorch: Libtorch; path: string }
  | { state: 'not built'; libtorch: Libtorch }
  | { state: 'missing'; searched: readonly UnusableLibtorch[] }
  | { state: 'broken'; libtorch: Libtorch; cause: unknown };

let loaded: (TorchAddonSearch & { state: 'loaded' }) | undefined;

/**
 * Loads the torch engine's addon, which `pl engine build` made, once per thread. Compiles nothing. Where it was built,
 * no program is started.
 *
 * @param askPython whether a Python may be started to find a libtorch for which nothing was built; default false
 * @param sources default: those of this package
 */
export function loadTorchAddon({
  askPython = false,
  sources = undefined as NativeSources | undefined,
} = {}): TorchAddonSearch {
  if (process.platform === 'win32') return { state: 'missing', searched: [] };
  if (loaded !== undefined) return loaded;
  const wanted = process.env.PL_LIBTORCH ? rootsIn(resolve(process.env.PL_LIBTORCH)) : undefined;
  const built = findBuiltAddon(
    cachePaths(),
    sources ?? nativeSources(),
    ({ libtorch }) => wanted === undefined || wanted.includes(libtorch.root),
  );
  if (built === undefined) {
    const { libtorch, unusable } = findLibtorch({ askPython });
    return libtorch ? { state: 'not built', libtorch } : { state: 'missing', searched: unusable };
  }
  const { libtorch } = built.recipe;
  try {
    const addon = createRequire(import.meta.url)(built.path) as TorchAddon;
    loaded = { state: 'loaded', addon, libtorch, path: built.path };
    return loaded;
  } catch (cause) {
    return { state: 'broken', libtorch, cause };
  }
}
