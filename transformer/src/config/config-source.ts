import { relative } from 'node:path';
import { type JsonSchema, type Setting, settingsOf } from '@pl-ts/runtime/config';
import type { ProjectSchemas } from './config-schema.js';
import type { HparamsSource, SettingsSource } from './settings-source.js';
import { type ValidatorSchema, validatorCode } from './validator-code.js';

/** The text of `src/generated/config.ts`. */
export function configSource({ config, classes }: ProjectSchemas, source: SettingsSource): string {
  const checked = classes.filter(({ source: hparams }) => hparams.typeNode !== undefined);
  const validators: Record<string, ValidatorSchema> = {
    validateConfig: { schema: withReferences(config, checked, source), expression: 'schema' },
  };
  for (const { source: hparams, schema } of checked) {
    validators[validatorName(hparams)] = { schema, expression: schemaName(hparams, source) };
  }

  return [
    '// Written by the compiler (`pl generate`); changes are lost.',
    '// @ts-nocheck: the validators are plain JavaScript.',
    imports(
      classes.map(({ source: hparams }) => hparams),
      source,
    ),
    '',
    '/** Every setting of the program, with defaults filled in. */',
    configType(source),
    '',
    '/** What a configuration may contain. */',
    `const schema = ${JSON.stringify(config, undefined, 2)};`,
    ...checked
      .filter(({ source: hparams }) => hparams !== source.model && hparams !== source.data)
      .map(
        ({ source: hparams, schema }) => `const ${schemaName(hparams, source)} = ${JSON.stringify(schema)};`,
      ),
    '',
    '/** A row for each setting: its path, environment variable, flag, and type for people. */',
    `const settings = ${settingsTable(settingsOf(config))};`,
    '',
    '// The validators, written by ajv.',
    validatorCode(validators),
    '',
    'export const config: ConfigDefinition<Config> = { schema, validate: validateConfig, settings };',
    '',
    ...checked.map(({ source: hparams }) => registration(hparams, source)),
    '',
  ].join('\n');
}

/** The whole schema with `$ref`s in place of the classes' own, so that their checks are written once. */
function withReferences(
  config: JsonSchema,
  checked: ProjectSchemas['classes'],
  { model, data }: SettingsSource,
): JsonSchema {
  const reference = (hparams: HparamsSource | undefined): JsonSchema | undefined =>
    checked.some(({ source }) => source === hparams)
      ? { $ref: validatorName(hparams!), default: {} }
      : undefined;
  const [modelRef, dataRef] = [reference(model), reference(data)];
  return {
    ...config,
    properties: {
      ...config.properties,
      ...(modelRef ? { model: modelRef } : {}),
      ...(dataRef ? { data: dataRef } : {}),
    },
  };
}

function validatorName({ className }: HparamsSource): string {
  return `validate${className}`;
}

function imports(classes: readonly HparamsSource[], { outDir }: SettingsSource): string {
  const byFile = new Map<string, Set<string>>();
  for (const { className, exportName = className, sourceFile } of classes) {
    const path = relative(outDir, sourceFile.getFilePath())
      .replaceAll('\\', '/')
      .replace(/\.([cm]?)tsx?$/, '.$1js');
    const specifier = path.startsWith('.') ? path : `./${path}`;
    const binding = exportName === className ? className : `${exportName} as ${className}`;
    byFile.set(specifier, (byFile.get(specifier) ?? new Set()).add(binding));
  }
  const files = [...byFile].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    "import type { CheckpointConfig, ConfigDefinition, TrainerConfig } from '@pl-ts/runtime';",
    "import { hparamsValidator, registerCompiled } from '@pl-ts/runtime';",
    ...files.map(([file, names]) => `import { ${[...names].sort().join(', ')} } from '${file}';`),
  ].join('\n');
}

function configType({ model, data }: SettingsSource): string {
  return [
    'export interface Config {',
    '  seed: number | null;',
    '  trainer: Required<TrainerConfig>;',
    ...(model === undefined ? [] : [`  model: ${model.className}['hparams'];`]),
    ...(data === undefined ? [] : [`  data: ${data.className}['hparams'];`]),
    '  checkpoint: Required<CheckpointConfig>;',
    '}',
  ].join('\n');
}

/** A row a setting; its schema, default and text are the schema's own. */
function settingsTable(settings: readonly Setting[]): string {
  const rows = settings.map(({ path, env, flag, type, default: value, description }) => {
    const schema = `schema${path
      .split('.')
      .map((name) => `.properties${member(name)}`)
      .join('')}`;
    const given = value === undefined ? '' : ` default: ${JSON.stringify(value)},`;
    return `  { path: '${path}', env: '${env}', flag: '${flag}', type: ${JSON.stringify(type)},${given} description: ${JSON.stringify(description)}, schema: ${schema} },`;
  });
  return ['[', ...rows, ']'].join('\n');
}

function member(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** Where the generated code has the schema of a class: in the whole one, when it is the program's. */
function schemaName(hparams: HparamsSource, { model, data }: SettingsSource): string {
  if (hparams === model) return 'schema.properties.model';
  return hparams === data ? 'schema.properties.data' : `schemaOf${hparams.className}`;
}

function registration(hparams: HparamsSource, source: SettingsSource): string {
  const { className, ignore = [] } = hparams;
  const ignored = ignore.length === 0 ? '' : `, ${JSON.stringify(ignore)}`;
  const validator = `hparamsValidator('${className}', ${schemaName(hparams, source)}, ${validatorName(hparams)}${ignored})`;
  return `registerCompiled(${className}, { validateHparams: ${validator} });`;
}
