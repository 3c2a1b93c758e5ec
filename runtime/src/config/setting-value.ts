import type { Setting } from './definition.js';
import type { Origin } from './origin.js';

/** What one source says about one setting. */
export interface SettingValue {
  readonly setting: Setting;
  readonly value: unknown;
  /** The text that the value was read from, where there was one. */
  readonly text?: string;
  readonly origin: Origin;
}
