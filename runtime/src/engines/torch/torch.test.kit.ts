import { createRequire } from 'node:module';
import type { TorchAddon } from './addon.js';

const path = process.env.PL_TORCH_ADDON;

/** The compiled addon that the environment variable PL_TORCH_ADDON names. */
export const addon: TorchAddon | undefined = path ? createRequire(import.meta.url)(path) : undefined;

export const whyNot: string = addon ? '' : 'PL_TORCH_ADDON does not name a compiled addon';
