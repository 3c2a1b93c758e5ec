import { type JsonScalar, type JsonSchema, type JsonType, typesOf } from './json-schema.js';

/** A schema in the words of a help text: `integer ≥ -1 | null`, `"auto" | "cpu"`, `number[]`. */
export function describeType(schema: JsonSchema): string {
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  if (schema.anyOf) return schema.anyOf.map(describeType).join(' | ');
  const types = typesOf(schema);
  return types.length === 0 ? 'any value' : types.map((type) => describeOne(type, schema)).join(' | ');
}

function literal(value: JsonScalar): string {
  return JSON.stringify(value);
}

function describeOne(type: JsonType, schema: JsonSchema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return [type, bounds(schema)].join('');
    case 'string':
      return describeString(schema);
    case 'array':
      return describeArray(schema);
    case 'object':
      return describeObject(schema);
    default:
      return type;
  }
}

function bounds(schema: JsonSchema): string {
  const limits: string[] = [];
  if (schema.minimum !== undefined) limits.push(`≥ ${schema.minimum}`);
  if (schema.exclusiveMinimum !== undefined) limits.push(`> ${schema.exclusiveMinimum}`);
  if (schema.maximum !== undefined) limits.push(`≤ ${schema.maximum}`);
  if (schema.exclusiveMaximum !== undefined) limits.push(`< ${schema.exclusiveMaximum}`);
  if (schema.multipleOf !== undefined) limits.push(`a multiple of ${schema.multipleOf}`);
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}

function describeString(schema: JsonSchema): string {
  let text = schema.format === undefined ? 'string' : `string (${schema.format})`;
  const length = range(schema.minLength, schema.maxLength, 'character');
  if (length) text += ` of ${length}`;
  if (schema.pattern !== undefined) text += ` matching /${schema.pattern}/`;
  return text;
}

function describeArray(schema: JsonSchema): string {
  if (schema.items !== undefined && 'length' in schema.items) {
    const optionalFrom = schema.minItems ?? 0;
    const members = schema.items.map((item, i) => describeType(item) + (i >= optionalFrom ? '?' : ''));
    if (typeof schema.additionalItems === 'object')
      members.push(`...${describeItems(schema.additionalItems)}`);
    return `[${members.join(', ')}]`;
  }
  const count = range(schema.minItems, schema.maxItems, 'item');
  return describeItems(schema.items ?? {}) + (count ? ` of ${count}` : '');
}

function describeItems(items: JsonSchema): string {
  const text = describeType(items);
  return /[ |]/.test(text) ? `(${text})[]` : `${text}[]`;
}

function describeObject(schema: JsonSchema): string {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => `${name}${required.has(name) ? '' : '?'}: ${describeType(property)}`,
  );
  if (typeof schema.additionalProperties === 'object') {
    members.push(`[name]: ${describeType(schema.additionalProperties)}`);
  }
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function range(least: number | undefined, most: number | undefined, unit: string): string {
  const counted = (count: number) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (least !== undefined && least === most) return counted(least);
  if (least !== undefined && most !== undefined) return `${least} to ${counted(most)}`;
  if (least !== undefined) return `at least ${counted(least)}`;
  return most === undefined ? '' : `at most ${counted(most)}`;
}
