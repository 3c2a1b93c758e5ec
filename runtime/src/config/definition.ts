import type { JsonSchema, JsonValue } from './json-schema.js';

/** One violation of a schema, as ajv reports it. */
export interface SchemaIssue {
  /** JSON pointer of the value, such as `/trainer/maxEpochs`. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * A validator that ajv wrote (or compiled): true when `data` fits; fills in defaults on the way; leaves what did not
 * fit in `errors`.
 */
export interface SchemaValidator<T> {
  (data: unknown): data is T;
  errors?: readonly SchemaIssue[] | null;
}

/** One setting: a leaf of the configuration, under one name in each source. */
export interface Setting {
  /** Names it in configuration files and error messages: `trainer.maxEpochs`. */
  readonly path: string;
  /** Its environment variable: `PL_TRAINER_MAX_EPOCHS`. */
  readonly env: string;
  /** Its command-line flag: `--trainer.maxEpochs`. */
  readonly flag: string;
  /** Its type for people: `integer ≥ -1 | null`. */
  readonly type: string;
  readonly schema: JsonSchema;
  /** Absent when the setting has to be given. */
  readonly default?: JsonValue;
  readonly description: string;
}

/** Everything that the compiler knows of a project's settings; `src/generated/config.ts` exports one. */
export interface ConfigDefinition<Config = unknown> {
  readonly schema: JsonSchema;
  readonly validate: SchemaValidator<Config>;
  readonly settings: readonly Setting[];
}
