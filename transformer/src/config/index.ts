export { type ConfigFileProblem, checkConfigFile } from './check-config-file.js';
export { type ConfigGeneration, type GeneratedConfig, generateConfig } from './generate-config.js';
export type { SchemaProblem, SchemaProblemKind } from './schema-problem.js';
export type { HparamsSource, SettingsSource } from './settings-source.js';
export { type TypeSchema, type TypeSchemaOptions, typeToSchema } from './type-to-schema.js';
