import { PLError } from '../errors/pl-error.js';
import { copyOf, describeIssues } from './check-value.js';
import type { SchemaIssue, SchemaValidator } from './definition.js';
import type { JsonSchema } from './json-schema.js';
import { didYouMean } from './suggest.js';

/**
 * What generated code registers for a class with `@Hparams`: checks what the constructor was given against the
 * schema of the declared type and returns a copy with the defaults filled in. Names in `ignore` pass through as they
 * are.
 *
 * @throws PLError PL2009 that lists every hyper-parameter that does not fit.
 */
export function hparamsValidator(
  className: string,
  schema: JsonSchema,
  validate: SchemaValidator<unknown>,
  ignore: readonly string[] = [],
): (hparams: object) => object {
  return (hparams) => {
    const given = Object.entries(hparams);
    const ignored = given.filter(([name]) => ignore.includes(name));
    const checked: unknown = copyOf(Object.fromEntries(given.filter(([name]) => !ignore.includes(name))));
    if (validate(checked)) return { ...(checked as object), ...Object.fromEntries(ignored) };

    const lines = describeAll(validate.errors ?? [], checked as Record<string, unknown>, schema);
    const message = lines.length === 1 ? ` ${lines[0]}` : lines.map((line) => `\n  ${line}`).join('');
    throw new PLError('PL2009', `hyper-parameters of ${className} that do not fit:${message}`);
  };
}

/** A line for each hyper-parameter with issues. */
function describeAll(
  issues: readonly SchemaIssue[],
  hparams: Readonly<Record<string, unknown>>,
  schema: JsonSchema,
): string[] {
  const lines: string[] = [];
  const byName = new Map<string, SchemaIssue[]>();
  for (const issue of issues) {
    const name = issue.instancePath.split('/')[1];
    if (name !== undefined) {
      byName.set(name, [...(byName.get(name) ?? []), issue]);
    } else if (issue.keyword === 'additionalProperties') {
      const unknown = String(issue.params.additionalProperty);
      lines.push(`unknown name ${unknown}.${didYouMean(unknown, Object.keys(schema.properties ?? {}))}`);
    } else if (issue.keyword === 'required') {
      lines.push(`${issue.params.missingProperty} is missing and has no default`);
    }
  }
  for (const [name, own] of byName) {
    const property = schema.properties?.[name] ?? {};
    lines.push(`${name}: ${describeIssues(own, `/${name}`, hparams[name], property)}`);
  }
  return lines;
}
