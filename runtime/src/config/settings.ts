import type { Setting } from './definition.js';
import { describeType } from './describe-type.js';
import { type JsonSchema, typesOf } from './json-schema.js';

/** Settings of a schema in its own order. An object with named properties is a group of settings, all else is one. */
export function settingsOf(schema: JsonSchema): Setting[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, child]) => collect(name, child));
}

function collect(path: string, schema: JsonSchema): Setting[] {
  if (isGroup(schema)) {
    return Object.entries(schema.properties!).flatMap(([name, child]) => collect(`${path}.${name}`, child));
  }
  return [
    {
      path,
      env: environmentName(path),
      flag: `--${path}`,
      type: describeType(schema),
      schema,
      ...(schema.default === undefined ? {} : { default: schema.default }),
      description: schema.description ?? '',
    },
  ];
}

/** True for objects whose properties are settings of their own. A nullable object or a record is one setting. */
export function isGroup(schema: JsonSchema): boolean {
  const types = typesOf(schema);
  return (
    types.length === 1 &&
    types[0] === 'object' &&
    schema.properties !== undefined &&
    schema.additionalProperties === false
  );
}

/** `trainer.maxEpochs` → `PL_TRAINER_MAX_EPOCHS`. */
export function environmentName(path: string): string {
  const words = path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_');
  return `PL_${words.toUpperCase()}`;
}

/** The schema of a group, or undefined when the path names none. The empty path is the root. */
export function groupSchema(root: JsonSchema, path: string): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const name of path === '' ? [] : path.split('.')) {
    schema =
      schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (schema === undefined || !isGroup(schema)) return undefined;
  }
  return schema;
}
