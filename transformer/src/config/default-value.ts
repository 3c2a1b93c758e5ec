import {
  describeType,
  isGroup,
  isPlainObject,
  type JsonSchema,
  type JsonValue,
  parseValue,
} from '@pl-ts/runtime/config';
import type { TagText } from './jsdoc-tags.js';
import type { SchemaContext } from './schema-context.js';
import { compileSchema } from './validator.js';

/** Adds a `@default` to the schema it belongs to. The default of a group goes down to the settings in it. */
export function applyDefault(
  schema: JsonSchema,
  { text, node }: TagText,
  name: string,
  context: SchemaContext,
): JsonSchema {
  const value = parseValue(text, schema);
  const complete =
    isGroup(schema) && isPlainObject(value) ? withGroupDefault(schema, value) : { ...schema, default: value };
  const fits =
    text !== '' &&
    compileSchema({ type: 'object', properties: { value: schema } })({ value: structuredClone(value) });
  if (!fits) {
    context.report('bad-default', `@default of '${name}' is '${text}', wanted ${describeType(schema)}`, node);
    return schema;
  }
  return complete as JsonSchema;
}

function withGroupDefault(schema: JsonSchema, value: Record<string, unknown>): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]): [string, JsonSchema] => {
    const own = value[name];
    if (own === undefined) return [name, property];
    if (isGroup(property) && isPlainObject(own)) return [name, withGroupDefault(property, own)];
    return [name, { ...property, default: own as JsonValue }];
  });
  const required = schema.required?.filter((name) => value[name] === undefined) ?? [];
  const { required: _, ...rest } = schema;
  return {
    ...rest,
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    default: {},
  };
}
