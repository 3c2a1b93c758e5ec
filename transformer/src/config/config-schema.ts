import type { JsonSchema } from '@pl-ts/runtime/config';
import { environmentName, settingsOf } from '@pl-ts/runtime/config';
import type { SourceFile, Type } from 'ts-morph';
import type { SchemaProblem } from './schema-problem.js';
import type { HparamsSource, SettingsSource } from './settings-source.js';
import { groupToSchema, typeToSchema } from './type-to-schema.js';

/** The schemas of a project: the whole configuration, and one for each class with hyper-parameters. */
export interface ProjectSchemas {
  readonly config: JsonSchema;
  readonly classes: readonly { readonly source: HparamsSource; readonly schema: JsonSchema }[];
  readonly problems: readonly SchemaProblem[];
}

const SEED: JsonSchema = {
  description: 'Seed of every random number of a run; null draws another one each time.',
  type: ['integer', 'null'],
  minimum: 0,
  maximum: 2 ** 32 - 1,
  default: null,
};

export function projectSchemas(source: SettingsSource): ProjectSchemas {
  const { runtime, model, data, others = [], metricNames } = source;
  const problems: SchemaProblem[] = [];
  const read = (type: Type | undefined, options = {}): JsonSchema => {
    if (type === undefined) return EMPTY_GROUP;
    const result = groupToSchema(type, runtime, options);
    problems.push(...result.problems);
    return result.schema;
  };
  const classes = [model, data, ...others]
    .filter((hparams) => hparams !== undefined)
    .map((hparams) => {
      const result = hparamsSchema(hparams);
      problems.push(...result.problems);
      return { source: hparams, schema: result.schema };
    });
  const schemaOf = (hparams: HparamsSource | undefined) =>
    classes.find(({ source }) => source === hparams)?.schema ?? EMPTY_GROUP;

  const monitor: JsonSchema =
    metricNames === undefined ? { type: ['string', 'null'] } : { enum: [...metricNames, null] };
  const groups: Record<string, JsonSchema> = {
    trainer: read(exportedType(runtime, 'TrainerConfig')),
    ...(model === undefined ? {} : { model: schemaOf(model) }),
    ...(data === undefined ? {} : { data: schemaOf(data) }),
    checkpoint: read(exportedType(runtime, 'CheckpointConfig'), { replace: { monitor } }),
  };
  const config: JsonSchema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'Where an editor finds this schema.' },
      seed: SEED,
      ...Object.fromEntries(
        Object.entries(groups).map(([name, schema]) => [name, { ...schema, default: {} }]),
      ),
    },
    additionalProperties: false,
  };
  problems.push(...sharedVariables(config, source));
  return { config, classes, problems };
}

const EMPTY_GROUP: JsonSchema = { type: 'object', properties: {}, additionalProperties: false };

function hparamsSchema({ typeNode, ignore = [] }: HparamsSource) {
  return typeNode === undefined ? { schema: EMPTY_GROUP, problems: [] } : typeToSchema(typeNode, { ignore });
}

function exportedType(runtime: SourceFile, name: string): Type | undefined {
  return runtime.getExportedDeclarations().get(name)?.[0]?.getType();
}

/** Two settings whose names differ in capitals or separators only would share a variable. */
function sharedVariables(config: JsonSchema, { model, data, runtime }: SettingsSource): SchemaProblem[] {
  const owner = new Map<string, string>();
  const problems: SchemaProblem[] = [];
  for (const { path } of settingsOf(config)) {
    const variable = environmentName(path);
    const other = owner.get(variable);
    if (other !== undefined) {
      const group = path.startsWith('model.') ? model : data;
      const message = `settings ${other} and ${path} would share the variable ${variable}: rename one`;
      problems.push({ kind: 'bad-name', node: group?.typeNode ?? runtime, message });
    }
    owner.set(variable, path);
  }
  return problems;
}
