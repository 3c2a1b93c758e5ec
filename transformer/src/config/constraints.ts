import { didYouMean, type JsonSchema, type JsonType, typesOf } from '@pl-ts/runtime/config';
import { formats } from './formats.js';
import { COUNT_KEYWORDS, type JSDocTags, NUMBER_KEYWORDS, type TagText } from './jsdoc-tags.js';
import type { SchemaContext } from './schema-context.js';

/**
 * Adds what the JSDoc tags say to a schema: number tags to its numbers, string tags to its strings, array tags to its
 * arrays; through alternatives, and into the elements of arrays and records.
 */
export function applyConstraints(
  schema: JsonSchema,
  tags: JSDocTags,
  name: string,
  context: SchemaContext,
): JsonSchema {
  let constrained = schema;
  if (tags.integer) {
    constrained =
      refine(constrained, ['number'], ({ type, ...rest }) => ({ ...rest, type: integerFor(type) })) ?? schema;
    if (constrained === schema)
      context.report('bad-constraint', `'${name}' is no number, so it cannot be an integer`);
  }
  for (const [keyword, tag] of tags.constraints) {
    const value = limitOf(keyword, tag, context);
    if (value === undefined) continue;
    const next = refine(constrained, typesFor(keyword), (part) => ({ ...part, [keyword]: value }));
    if (next === undefined) {
      context.report('bad-constraint', `@${keyword} means nothing for the type of '${name}'`, tag.node);
    } else {
      constrained = next;
    }
  }
  reportEmptyRange(name, tags, context);
  return constrained;
}

function typesFor(keyword: string): readonly JsonType[] {
  if (keyword === 'minItems' || keyword === 'maxItems') return ['array'];
  return NUMBER_KEYWORDS.some((known) => known === keyword) ? ['number', 'integer'] : ['string'];
}

/** The schema with every part of one of `types` changed; undefined when it has no such part. */
function refine(
  schema: JsonSchema,
  types: readonly JsonType[],
  change: (part: JsonSchema) => JsonSchema,
): JsonSchema | undefined {
  let refined = schema;
  let found = false;
  const into = (part: JsonSchema, put: (changed: JsonSchema) => JsonSchema) => {
    const changed = refine(part, types, change);
    if (changed === undefined) return;
    refined = put(changed);
    found = true;
  };
  if (typesOf(schema).some((type) => types.includes(type))) {
    refined = change(schema);
    found = true;
    if (types.includes('array')) return refined; // the lengths of inner lists are their own
  }
  for (const [i, member] of (schema.anyOf ?? []).entries()) {
    into(member, (changed) => ({ ...refined, anyOf: refined.anyOf!.with(i, changed) }));
  }
  const { items, additionalProperties } = schema;
  if (items !== undefined && 'length' in items) {
    for (const [i, item] of items.entries()) {
      into(item, (changed) => ({
        ...refined,
        items: (refined.items as readonly JsonSchema[]).with(i, changed),
      }));
    }
  } else if (items !== undefined) {
    into(items, (changed) => ({ ...refined, items: changed }));
  }
  if (typeof additionalProperties === 'object') {
    into(additionalProperties, (changed) => ({ ...refined, additionalProperties: changed }));
  }
  return found ? refined : undefined;
}

function integerFor(type: JsonSchema['type']): JsonType | readonly JsonType[] {
  if (typeof type === 'string') return 'integer';
  return type!.map((member) => (member === 'number' ? 'integer' : member));
}

function limitOf(
  keyword: string,
  { text, node }: TagText,
  context: SchemaContext,
): number | string | undefined {
  if (keyword === 'pattern') {
    try {
      new RegExp(text, 'u');
      return text;
    } catch (error) {
      context.report(
        'bad-constraint',
        `@pattern is no regular expression: ${(error as Error).message}`,
        node,
      );
      return undefined;
    }
  }
  if (keyword === 'format') {
    if (formats.has(text)) return text;
    const known = [...formats.keys()];
    const suggestion = didYouMean(text, known) || ` Known are ${known.join(', ')}.`;
    context.report('bad-constraint', `unknown @format '${text}'.${suggestion}`, node);
    return undefined;
  }
  const value = text === '' ? Number.NaN : Number(text);
  const isCount = COUNT_KEYWORDS.some((known) => known === keyword);
  const fits = isCount ? Number.isInteger(value) && value >= 0 : Number.isFinite(value);
  if (fits && !(keyword === 'multipleOf' && value <= 0)) return value;
  const wanted = isCount
    ? 'a whole number from 0'
    : keyword === 'multipleOf'
      ? 'a number above 0'
      : 'a number';
  context.report('bad-constraint', `@${keyword} is '${text}', wanted ${wanted}`, node);
  return undefined;
}

function reportEmptyRange(name: string, tags: JSDocTags, context: SchemaContext): void {
  const number = (keyword: string) => {
    const tag = tags.constraints.get(keyword);
    return tag === undefined ? undefined : Number(tag.text);
  };
  const least = Math.max(number('minimum') ?? -Infinity, number('exclusiveMinimum') ?? -Infinity);
  const most = Math.min(number('maximum') ?? Infinity, number('exclusiveMaximum') ?? Infinity);
  const open = tags.constraints.has('exclusiveMinimum') || tags.constraints.has('exclusiveMaximum');
  const empty =
    least > most ||
    (least === most && open) ||
    (number('minItems') ?? 0) > (number('maxItems') ?? Infinity) ||
    (number('minLength') ?? 0) > (number('maxLength') ?? Infinity);
  if (empty) {
    const node = [...tags.constraints.values()][0]?.node;
    context.report('bad-constraint', `the limits of '${name}' leave no value`, node);
  }
}
