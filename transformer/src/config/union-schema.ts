import type { JsonScalar, JsonSchema, JsonType } from '@pl-ts/runtime/config';
import type { Type, TypeNode } from 'ts-morph';
import type { SchemaContext } from './schema-context.js';
import { inSourceOrder } from './source-order.js';

/** The one value of a literal type or an enum member. */
export function literalValue(type: Type): string | number | boolean | undefined {
  if (type.isBooleanLiteral()) return type.getText() === 'true';
  const value = type.getLiteralValue();
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

/**
 * A union: literals as `enum`, a nullable or mixed type as one schema with a list of types where that can be said,
 * `anyOf` otherwise. `undefined` cannot be written down and falls away.
 */
export function unionSchema(type: Type, context: SchemaContext, typeNode?: TypeNode): JsonSchema {
  const members = inSourceOrder(
    type.getUnionTypes().filter((member) => !member.isUndefined()),
    typeNode,
  );
  const [only] = members;
  if (only !== undefined && members.length === 1) return context.convert(only, context, typeNode);

  const { literals, types, composites, nullable } = sortOut(members);
  const arrays = composites.filter(isList);
  const mergeable = literals.length === 0 && arrays.length <= 1 && composites.length - arrays.length <= 1;
  if (composites.length === 0 && types.length === 0) {
    return { enum: nullable ? [...literals, null] : literals };
  }
  if (mergeable) return merged(types, composites, nullable, context.within(type, 'part'));

  const inner = context.within(type, 'alternative');
  const withNull: JsonType[] = nullable && types.length > 0 ? [...types, 'null'] : types;
  const constants: JsonScalar[] = nullable && types.length === 0 ? [...literals, null] : literals;
  return {
    anyOf: [
      ...(constants.length === 0
        ? []
        : [constants.length === 1 ? { const: constants[0]! } : { enum: constants }]),
      ...(withNull.length === 0 ? [] : [ofTypes(withNull)]),
      ...composites.map((member) => context.convert(member, inner)),
    ],
  };
}

interface Members {
  literals: (string | number | boolean)[];
  types: JsonType[];
  /** Arrays and objects. */
  composites: Type[];
  nullable: boolean;
}

function sortOut(members: readonly Type[]): Members {
  const values = members.map(literalValue);
  const anyBoolean = values.includes(true) && values.includes(false);
  const sorted: Members = { literals: [], types: [], composites: [], nullable: false };
  for (const [i, member] of members.entries()) {
    const value = values[i];
    if (member.isNull()) sorted.nullable = true;
    else if (typeof value === 'boolean' && anyBoolean) {
      if (!sorted.types.includes('boolean')) sorted.types.push('boolean');
    } else if (value !== undefined) sorted.literals.push(value);
    else if (isText(member)) sorted.types.push('string');
    else if (member.isNumber()) sorted.types.push('number');
    else sorted.composites.push(member);
  }
  return sorted;
}

/** One schema for values of several types: the keywords of arrays and of objects do not touch each other. */
function merged(
  types: readonly JsonType[],
  composites: readonly Type[],
  nullable: boolean,
  context: SchemaContext,
): JsonSchema {
  const schemas = composites.map((member) => context.convert(member, context));
  const all: JsonType[] = [
    ...types,
    ...composites.map((member): JsonType => (isList(member) ? 'array' : 'object')),
  ];
  if (nullable) all.push('null');
  return { ...Object.assign({}, ...schemas), ...ofTypes(all) };
}

function ofTypes(types: readonly JsonType[]): JsonSchema {
  return { type: types.length === 1 ? types[0]! : types };
}

function isList(type: Type): boolean {
  return type.isArray() || type.isReadonlyArray() || type.isTuple();
}

/** `string`, or `string & {}`, which keeps an editor's completion of the literals beside it. */
function isText(type: Type): boolean {
  return (
    type.isString() ||
    (type.isIntersection() && type.getIntersectionTypes().some((member) => member.isString()))
  );
}
