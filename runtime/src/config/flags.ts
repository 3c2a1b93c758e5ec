import type { ConfigDefinition } from './definition.js';
import { parseValue } from './parse-value.js';
import type { ConfigProblem } from './problem.js';
import type { SettingValue } from './setting-value.js';
import { didYouMean } from './suggest.js';

/** One setting on the command line, as it was typed. */
export interface FlagText {
  /** `--trainer.maxEpochs`. */
  readonly flag: string;
  /** Undefined for a flag without a value, which switches on. */
  readonly text?: string;
}

/** Settings from flags, in the order given. `otherFlags` are the program's own, for suggestions. */
export function readFlags(
  flags: readonly FlagText[],
  { settings }: ConfigDefinition,
  otherFlags: readonly string[] = [],
): { values: SettingValue[]; problems: ConfigProblem[] } {
  const byFlag = new Map(settings.map((setting) => [setting.flag, setting]));
  const values: SettingValue[] = [];
  const problems: ConfigProblem[] = [];
  for (const { flag, text } of flags) {
    const origin = { kind: 'flag', flag } as const;
    const setting = byFlag.get(flag);
    if (setting === undefined) {
      const message = `no such flag.${didYouMean(flag, [...byFlag.keys(), ...otherFlags])}`;
      problems.push({ code: 'PL2003', message, origin });
    } else if (text === undefined) {
      values.push({ setting, value: true, origin });
    } else {
      values.push({ setting, value: parseValue(text, setting.schema), text, origin });
    }
  }
  return { values, problems };
}
