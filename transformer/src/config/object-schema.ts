import { isGroup, type JsonSchema, type JsonValue, typesOf } from '@pl-ts/runtime/config';
import { Node, SymbolFlags, type Type, type Symbol as TypeSymbol } from 'ts-morph';
import { applyConstraints } from './constraints.js';
import { applyDefault } from './default-value.js';
import { type JSDocTags, readTags } from './jsdoc-tags.js';
import type { SchemaContext } from './schema-context.js';

export interface ObjectOptions {
  readonly ignore?: readonly string[];
  readonly replace?: Readonly<Record<string, JsonSchema>>;
}

/** Properties become `properties`, an index signature `additionalProperties`. */
export function objectSchema(type: Type, context: SchemaContext, options: ObjectOptions = {}): JsonSchema {
  const inner = context.within(type);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const symbol of type.getProperties()) {
    const name = symbol.getName();
    if (options.ignore?.includes(name)) continue;
    const schema = propertySchema(symbol, inner, options.replace?.[name]);
    properties[name] = schema;
    if (schema.default === undefined && !symbol.isOptional()) required.push(name);
  }
  const index = indexSchema(type, context.within(type, 'part'));
  const names = Object.keys(properties).length > 0 || index.additionalProperties === false;
  return {
    type: 'object',
    ...(names ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
    ...index,
  };
}

/** Keys of `Record<number, T>` are the numbers' text. */
function indexSchema(type: Type, context: SchemaContext): JsonSchema {
  const byText = type.getStringIndexType();
  const byNumber = type.getNumberIndexType();
  const member = byText ?? byNumber;
  if (member === undefined || member.isNever()) return { additionalProperties: false };
  const values = { additionalProperties: context.convert(member, context) };
  return byText === undefined ? { propertyNames: { pattern: '^(0|[1-9][0-9]*)$' }, ...values } : values;
}

function propertySchema(
  symbol: TypeSymbol,
  context: SchemaContext,
  replacement: JsonSchema | undefined,
): JsonSchema {
  const name = symbol.getName();
  const declaration = symbol.getDeclarations()[0];
  const at = context.at(declaration ?? context.node);
  const isSetting = context.role === 'setting';
  if (isSetting && !/^[A-Za-z_$][\w$-]*$/.test(name)) {
    at.report('bad-name', `'${name}' cannot be the name of a flag: use letters, digits, '_' and '-'`);
  }
  if (symbol.hasFlags(SymbolFlags.Method)) {
    at.report('no-schema', `'${name}' has no form in a configuration file: it is a method`);
    return {};
  }
  const typeNode = Node.isTyped(declaration) ? declaration.getTypeNode() : undefined;
  const before = at.problems.length;
  const plain = replacement ?? at.convert(symbol.getTypeAtLocation(at.node), at, typeNode);
  const tags = readTags(declaration, at);
  const described: JsonSchema = { ...documentation(tags), ...applyConstraints(plain, tags, name, at) };
  if (at.problems.length > before) return described; // a default cannot be judged then

  if (tags.default !== undefined && context.role === 'alternative') {
    at.report(
      'bad-default',
      `@default of '${name}' has no effect inside a union: give the union a default`,
      tags.default.node,
    );
    return described;
  }
  const complete =
    tags.default === undefined ? implied(described) : applyDefault(described, tags.default, name, at);
  if (at.problems.length > before) return complete;
  if (isSetting && symbol.isOptional() && (complete.default === undefined || missesInside(complete))) {
    at.report('no-default', noDefaultMessage(name, complete));
  }
  return complete;
}

function documentation(tags: JSDocTags): JsonSchema {
  return {
    ...(tags.description === '' ? {} : { description: tags.description }),
    ...(tags.deprecated ? { deprecated: true } : {}),
    ...(tags.examples.length === 0 ? {} : { examples: tags.examples as JsonValue[] }),
  };
}

/** A group is there even when nobody gives it; what may be null is null. */
function implied(schema: JsonSchema): JsonSchema {
  if (isGroup(schema)) return { ...schema, default: {} };
  const nullable =
    typesOf(schema).includes('null') || schema.enum?.includes(null) || schema.anyOf?.some(takesNull);
  return nullable ? { ...schema, default: null } : schema;
}

function takesNull(schema: JsonSchema): boolean {
  return typesOf(schema).includes('null') || schema.const === null || schema.enum?.includes(null) === true;
}

function missesInside(schema: JsonSchema): boolean {
  return isGroup(schema) && (schema.required?.length ?? 0) > 0;
}

function noDefaultMessage(name: string, schema: JsonSchema): string {
  return missesInside(schema)
    ? `'${name}' may be left out, but ${schema.required!.map((inner) => `'${name}.${inner}'`).join(', ')} has no default: add @default there, or remove the '?'`
    : `'${name}' may be left out, but nothing says what it is then: add @default, allow null, or remove the '?'`;
}
