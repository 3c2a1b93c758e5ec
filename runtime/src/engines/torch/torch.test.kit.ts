import type { TorchAddon } from './addon.js';
import { loadTorchAddon } from './load-addon.js';

const search = loadTorchAddon();

/** The compiled addon; `undefined` where there is none, and `whyNot` says why. */
export const addon: TorchAddon | undefined = search.state === 'loaded' ? search.addon : undefined;
export const whyNot = search.state === 'loaded' ? '' : `the torch engine is ${search.state}`;
