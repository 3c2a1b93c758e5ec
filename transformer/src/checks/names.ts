import type { HookOwner } from '../discovery/hook-catalog.js';

/** How messages call the kinds of classes. */
export const kindNames: Readonly<Record<HookOwner, { one: string; many: string }>> = {
  module: { one: 'a LightningModule', many: 'modules' },
  data: { one: 'a LightningDataModule', many: 'data modules' },
  callback: { one: 'a Callback', many: 'callbacks' },
};
