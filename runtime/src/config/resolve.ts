import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { checkValue, copyOf, describeIssues, pathOf, pointer } from './check-value.js';
import { readCode } from './code-values.js';
import { readConfigText } from './config-file.js';
import type { ConfigDefinition, SchemaIssue, Setting } from './definition.js';
import { type Environment, readEnvironment } from './environment.js';
import { type FlagText, readFlags } from './flags.js';
import type { Origin } from './origin.js';
import { type ConfigProblem, problemsError } from './problem.js';
import type { SettingValue } from './setting-value.js';

export interface ConfigSources {
  /** Where relative file names start, where `.env` lies and a configuration file is looked for. */
  readonly cwd: string;
  /** Configuration files, weakest first. When there are none, `config.yaml`, `.yml` or `.json` in `cwd`, if it exists. */
  readonly files?: readonly string[];
  readonly environment?: Environment;
  readonly flags?: readonly FlagText[];
  /** Flags of the program that are no settings, for suggestions. */
  readonly otherFlags?: readonly string[];
  /** Values that the program passes: the strongest source. */
  readonly code?: object;
  /** Problems that the caller found already, reported with the others. */
  readonly problems?: readonly ConfigProblem[];
}

export interface ResolvedConfig<Config> {
  readonly config: Config;
  /** Where each setting's value came from, by path. */
  readonly origins: ReadonlyMap<string, Origin>;
}

interface Source {
  readonly values: readonly SettingValue[];
  readonly problems: readonly ConfigProblem[];
}

const DEFAULT_FILES = ['config.yaml', 'config.yml', 'config.json'];

/**
 * The configuration of a run: schema default < configuration files < `.env` < environment < flags < code, setting by
 * setting. Every source is checked, also where a stronger one overrides it.
 *
 * @throws PLError that lists everything that is wrong, when anything is.
 */
export function resolveConfig<Config>(
  definition: ConfigDefinition<Config>,
  sources: ConfigSources,
): ResolvedConfig<Config> {
  const read = readSources(definition, sources);
  const problems = [...(sources.problems ?? []), ...read.flatMap((source) => source.problems)];
  const strongest = new Map<string, SettingValue>();
  for (const given of read.flatMap((source) => source.values)) {
    const problem = checkValue(given, definition);
    if (problem !== undefined) problems.push(problem);
    strongest.set(given.setting.path, given);
  }

  const config = assemble(definition.settings, strongest);
  if (definition.validate(config) && problems.length === 0) {
    return { config, origins: originsOf(definition.settings, strongest) };
  }
  const issues = definition.validate.errors ?? [];
  problems.push(...definition.settings.filter((setting) => isMissing(setting, issues)).map(missing));
  if (problems.length === 0) {
    const message = describeIssues(issues, '', config, definition.schema);
    problems.push({ code: 'PL2006', message: `${pathOf(issues[0]?.instancePath ?? '')}: ${message}` });
  }
  throw problemsError(problems);
}

function readSources(definition: ConfigDefinition, sources: ConfigSources): Source[] {
  const { cwd, environment = {}, flags = [], otherFlags = [], code } = sources;
  return [
    ...readFiles(definition, cwd, sources.files ?? []),
    readDotenv(definition, cwd, environment),
    readEnvironment(environment, definition),
    readFlags(flags, definition, otherFlags),
    ...(code === undefined ? [] : [readCode(code, definition)]),
  ];
}

function readFiles(definition: ConfigDefinition, cwd: string, given: readonly string[]): Source[] {
  const files = given.length > 0 ? given : DEFAULT_FILES.filter((file) => existsSync(join(cwd, file)));
  if (given.length === 0 && files.length > 1) {
    const message = `${files.join(' and ')} are both here, and it is not clear which one counts`;
    return [{ values: [], problems: [{ code: 'PL2007', message, hint: `Name it: --config ${files[0]}` }] }];
  }
  return files.map((file) => {
    let text: string;
    try {
      text = readFileSync(resolve(cwd, file), 'utf8');
    } catch (error) {
      const message = `cannot read the configuration file ${file}: ${(error as Error).message}`;
      return { values: [], problems: [{ code: 'PL2007', message }] };
    }
    return readConfigText(text, file, definition);
  });
}

/** `.env` of the working directory; a variable that the environment has, even empty, is not taken from there. */
function readDotenv(definition: ConfigDefinition, cwd: string, environment: Environment): Source {
  const file = join(cwd, '.env');
  if (!existsSync(file)) return { values: [], problems: [] };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot read .env: ${(error as Error).message}`;
    return { values: [], problems: [{ code: 'PL2007', message }] };
  }
  const own = Object.entries(parseEnv(text)).filter(([name]) => environment[name] === undefined);
  return readEnvironment(Object.fromEntries(own), definition, '.env');
}

/** All groups, with the values that sources gave. Defaults are the validator's to fill in. */
function assemble(
  settings: readonly Setting[],
  values: ReadonlyMap<string, SettingValue>,
): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path } of settings) {
    const names = path.split('.');
    const last = names.pop()!;
    let group = root;
    for (const name of names) {
      group[name] ??= {};
      group = group[name] as Record<string, unknown>;
    }
    const given = values.get(path);
    if (given !== undefined) group[last] = copyOf(given.value);
  }
  return root;
}

function originsOf(
  settings: readonly Setting[],
  values: ReadonlyMap<string, SettingValue>,
): Map<string, Origin> {
  return new Map(settings.map(({ path }) => [path, values.get(path)?.origin ?? { kind: 'default' }]));
}

function isMissing({ path }: Setting, issues: readonly SchemaIssue[]): boolean {
  return issues.some(
    ({ keyword, instancePath, params }) =>
      keyword === 'required' && `${instancePath}/${params.missingProperty}` === pointer(path),
  );
}

function missing({ path, type, env, flag }: Setting): ConfigProblem {
  return {
    code: 'PL2008',
    message: `${path} has no default and no value, wanted ${type}`,
    hint: `Set ${path} in config.yaml, ${env} or ${flag}.`,
  };
}
