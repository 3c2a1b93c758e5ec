import type { ConfigDefinition } from './definition.js';
import type { Origin } from './origin.js';
import { parseValue } from './parse-value.js';
import type { ConfigProblem } from './problem.js';
import type { SettingValue } from './setting-value.js';
import { didYouMean } from './suggest.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of these names are ours; capitals or not, so that a wrongly spelt one is noticed. */
const OURS = /^PL_(?:(?:TRAINER|MODEL|DATA|CHECKPOINT)_.*|SEED)$/i;

/** Settings from variables. An empty variable is no value; `file` names the file that they were read from, if any. */
export function readEnvironment(
  environment: Environment,
  { settings }: ConfigDefinition,
  file?: string,
): { values: SettingValue[]; problems: ConfigProblem[] } {
  const byName = new Map(settings.map((setting) => [setting.env, setting]));
  const values: SettingValue[] = [];
  const problems: ConfigProblem[] = [];
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    const origin: Origin = { kind: 'environment', variable, ...(file === undefined ? {} : { file }) };
    const setting = byName.get(variable);
    if (setting !== undefined) {
      values.push({ setting, value: parseValue(text, setting.schema), text, origin });
    } else if (OURS.test(variable)) {
      problems.push({
        code: 'PL2002',
        message: `no setting has this variable.${didYouMean(variable, byName.keys())}`,
        origin,
      });
    }
  }
  return { values, problems };
}
