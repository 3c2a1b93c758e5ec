import type { ConfigDefinition, SchemaIssue, SchemaValidator } from './definition.js';
import { describeType } from './describe-type.js';
import { isPlainObject, type JsonSchema } from './json-schema.js';
import type { ConfigProblem } from './problem.js';
import type { SettingValue } from './setting-value.js';
import { shown } from './shown.js';
import { didYouMean } from './suggest.js';

/** What is wrong with one source's value of one setting, seen alone; undefined when it fits. */
export function checkValue(given: SettingValue, { validate }: ConfigDefinition): ConfigProblem | undefined {
  const { setting, value, text, origin } = given;
  const issues = issuesOf(validate, setting.path, value);
  const [issue] = issues;
  if (issue === undefined) return undefined;

  const misfit = describeIssues(issues, pointer(setting.path), value, setting.schema, text);
  // A variable or flag names its setting already.
  const named = origin.kind === 'file' || origin.kind === 'code';
  const problem = { code: 'PL2006', message: named ? `${setting.path}: ${misfit}` : misfit, origin } as const;

  const quotable = origin.kind === 'file' && (typeof value === 'number' || typeof value === 'boolean');
  if (quotable && issuesOf(validate, setting.path, String(value)).length === 0) {
    return { ...problem, hint: `As text it fits: write "${value}" in quotes.` };
  }
  return problem;
}

/**
 * One line on what does not fit: at the value itself or, where only a part of it is wrong, at that part.
 * `base` is the value's own JSON pointer in `issues`.
 */
export function describeIssues(
  issues: readonly SchemaIssue[],
  base: string,
  value: unknown,
  schema: JsonSchema,
  text?: string,
): string {
  const issue = issues.find(({ instancePath }) => instancePath === base) ?? issues[0]!;
  const names = issue.instancePath.slice(base.length).split('/').slice(1).map(unescapePointer);
  const part = names.length === 0 ? { value, schema } : partAt(value, schema, names);
  if (part === undefined) return `got ${shown(text ?? value)}, wanted ${describeType(schema)}`;
  const place =
    names.length === 0
      ? ''
      : `at ${names
          .map((name) => (/^\d+$/.test(name) ? `[${name}]` : `.${name}`))
          .join('')
          .replace(/^\./, '')}: `;
  return (
    place + describeIssue(issue, part.schema, names.length === 0 && text !== undefined ? text : part.value)
  );
}

function describeIssue({ keyword, params }: SchemaIssue, schema: JsonSchema, value: unknown): string {
  if (keyword === 'additionalProperties' && typeof params.additionalProperty === 'string') {
    const known = Object.keys(schema.properties ?? {});
    return `unknown name ${params.additionalProperty}.${didYouMean(params.additionalProperty, known)}`;
  }
  if (keyword === 'required') return `got ${shown(value)}, which lacks ${params.missingProperty}`;
  return `got ${shown(value)}, wanted ${describeType(schema)}`;
}

/** A part of a value and the schema for it; undefined where a union leaves the schema open. */
function partAt(
  value: unknown,
  schema: JsonSchema,
  names: readonly string[],
): { value: unknown; schema: JsonSchema } | undefined {
  const [name, ...rest] = names;
  if (name === undefined) return { value, schema };
  let child: JsonSchema | undefined;
  let part: unknown;
  if (Array.isArray(value)) {
    const { items } = schema;
    const beyond = typeof schema.additionalItems === 'object' ? schema.additionalItems : undefined;
    child = items !== undefined && 'length' in items ? (items[Number(name)] ?? beyond) : items;
    part = value[Number(name)];
  } else if (isPlainObject(value)) {
    const others = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    child = schema.properties && Object.hasOwn(schema.properties, name) ? schema.properties[name] : others;
    part = value[name];
  }
  return child === undefined ? undefined : partAt(part, child, rest);
}

function issuesOf(validate: SchemaValidator<unknown>, path: string, value: unknown): SchemaIssue[] {
  if (validate(nested(path, copyOf(value)))) return [];
  const base = pointer(path);
  return (validate.errors ?? []).filter(
    ({ instancePath }) => instancePath === base || instancePath.startsWith(`${base}/`),
  );
}

function nested(path: string, value: unknown): Record<string, unknown> {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Record<
    string,
    unknown
  >;
}

export function pointer(path: string): string {
  return path === '' ? '' : `/${path.replaceAll('.', '/')}`;
}

/** Inverse of `pointer`, for messages. */
export function pathOf(instancePath: string): string {
  return instancePath.split('/').slice(1).map(unescapePointer).join('.');
}

function unescapePointer(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A deep copy of arrays and plain objects, so that filling in defaults never reaches into a caller's value. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, copyOf(member)]));
}
