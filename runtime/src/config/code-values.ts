import type { ConfigDefinition } from './definition.js';
import { isPlainObject } from './json-schema.js';
import type { ConfigProblem } from './problem.js';
import type { SettingValue } from './setting-value.js';
import { shown } from './shown.js';
import { didYouMean } from './suggest.js';

/** Settings from an object that the program passes, such as `{ trainer: { maxEpochs: 3 } }`. `undefined` is no value. */
export function readCode(
  code: object,
  { settings }: ConfigDefinition,
): { values: SettingValue[]; problems: ConfigProblem[] } {
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  const paths = [...byPath.keys()];
  const origin = { kind: 'code' } as const;
  const values: SettingValue[] = [];
  const problems: ConfigProblem[] = [];

  const read = (value: unknown, path: string): void => {
    const setting = byPath.get(path);
    if (value === undefined) return;
    if (setting !== undefined) {
      values.push({ setting, value, origin });
    } else if (path !== '' && !paths.some((known) => known.startsWith(`${path}.`))) {
      problems.push({ code: 'PL2004', message: `no setting ${path}.${didYouMean(path, paths)}`, origin });
    } else if (isPlainObject(value)) {
      for (const [name, member] of Object.entries(value))
        read(member, path === '' ? name : `${path}.${name}`);
    } else {
      problems.push({
        code: 'PL2006',
        message: `${path}: got ${shown(value)}, wanted an object of settings`,
        origin,
      });
    }
  };
  read(code, '');
  return { values, problems };
}
