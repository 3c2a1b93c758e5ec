import { createRequire } from 'node:module';
import type { TorchAddon } from './addon.js';

const path = process.env.PL_TORCH_ADDON;

/** The compiled addon; `undefined` where there is none, and `whyNot` says why. */
export const addon: TorchAddon | undefined =
  path === undefined ? undefined : createRequire(import.meta.url)(path);
export const whyNot = addon === undefined ? 'PL_TORCH_ADDON is not set' : '';
