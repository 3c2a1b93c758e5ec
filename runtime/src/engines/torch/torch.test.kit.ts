import { createRequire } from 'node:module';
import type { TorchAddon } from './addon.js';

const path = process.env.PL_TORCH_ADDON;

/** The addon, where the environment names one. */
export const addon: TorchAddon | undefined =
  path === undefined ? undefined : (createRequire(import.meta.url)(path) as TorchAddon);

/** Why there is none. */
export const whyNot: string = addon === undefined ? 'PL_TORCH_ADDON names no addon' : '';
