import { type ConfigDefinition, isGroup, type JsonSchema, settingsOf } from '@pl-ts/runtime/config';
import { projectSchemas } from './config-schema.js';
import { configSource } from './config-source.js';
import { envExample } from './env-example.js';
import type { SchemaProblem } from './schema-problem.js';
import type { SettingsSource } from './settings-source.js';
import { compileSchema } from './validator.js';

export interface GeneratedConfig {
  /** `src/generated/config.ts`. */
  readonly source: string;
  /** `src/generated/config.schema.json`. */
  readonly schemaJson: string;
  /** `.env.example`. */
  readonly envExample: string;
  /** The same settings, to check configuration files with while compiling. */
  readonly definition: ConfigDefinition;
}

/** What cannot be a setting, and, when there is no such thing, the texts of the generated files. */
export type ConfigGeneration =
  | { readonly problems: readonly [SchemaProblem, ...SchemaProblem[]] }
  | ({ readonly problems: readonly [] } & GeneratedConfig);

/** Makes the configuration of a project from the types that declare its settings. Equal input gives equal text. */
export function generateConfig(source: SettingsSource): ConfigGeneration {
  const schemas = projectSchemas(source);
  const [first, ...more] = schemas.problems;
  if (first !== undefined) return { problems: [first, ...more] };
  const settings = settingsOf(schemas.config);
  return {
    problems: [],
    source: configSource(schemas, source),
    schemaJson: `${JSON.stringify(withoutRequired(schemas.config), undefined, 2)}\n`,
    envExample: envExample(settings),
    definition: { schema: schemas.config, validate: compileSchema(schemas.config), settings },
  };
}

/** For editors: what one configuration file lacks may come from another, the environment or a flag. */
function withoutRequired(schema: JsonSchema): JsonSchema {
  if (!isGroup(schema)) return schema;
  const { required: _, ...rest } = schema;
  const properties = Object.entries(schema.properties!).map(([name, group]) => [
    name,
    withoutRequired(group),
  ]);
  return { ...rest, properties: Object.fromEntries(properties) };
}
