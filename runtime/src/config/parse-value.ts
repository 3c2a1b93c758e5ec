import { type JsonSchema, typesOf } from './json-schema.js';
import { parseLiteral } from './parse-literal.js';

/**
 * The value that a setting's text stands for, from a variable or a flag. Text that reads as a literal is that value
 * where the schema takes its type; otherwise it stays text. So a string setting keeps `42` and `true`, and a number
 * setting turns `4_2` into 42. The schema's limits are for the validator.
 */
export function parseValue(text: string, schema: JsonSchema): unknown {
  const literal = parseLiteral(text);
  if (literal !== undefined && accepts(schema, literal.value)) return literal.value;
  if (accepts(schema, text) || literal === undefined) return text;
  // An integer that a double cannot hold would turn into another one: as text, the validator refuses it.
  return Number.isInteger(literal.value) && !Number.isSafeInteger(literal.value) ? text : literal.value;
}

/** Whether a schema takes values of this value's type; for constants and enums, this very value. */
export function accepts(schema: JsonSchema, value: unknown): boolean {
  if (schema.const !== undefined) return schema.const === value;
  if (schema.enum) return schema.enum.some((allowed) => allowed === value);
  if (schema.anyOf) return schema.anyOf.some((member) => accepts(member, value));
  const types = typesOf(schema);
  return types.length === 0 || types.some((type) => hasType(value, type));
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value);
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}
