import type { JsonSchema } from '@pl-ts/runtime/config';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { createAjv } from './validator.js';

/**
 * ajv's standalone code for several validators: statements of an ES module without imports, in which each name of
 * `schemas` is a function.
 *
 * @throws Error when the code would need a module at run time
 */
export function validatorCode(schemas: Readonly<Record<string, JsonSchema>>): string {
  const ajv = createAjv({
    code: { source: true, esm: true },
    messages: false,
    // Compares members one by one, which needs no library for equality.
    loopEnum: Number.POSITIVE_INFINITY,
  });
  for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(schema, name);
  const names = Object.fromEntries(Object.keys(schemas).map((name) => [name, name]));
  const code = standaloneCode.default(ajv, names);
  const inlined = code
    .replace('"use strict";', '')
    .replaceAll('export const ', '\nconst ')
    .replaceAll(/require\("ajv\/dist\/runtime\/ucs2length"\)\.default/g, '(text) => Array.from(text).length')
    .replaceAll(/(?<=[;}])(?=function |const )/g, '\n');
  const needed = /\brequire\([^)]*\)/.exec(inlined);
  if (needed) throw new Error(`the generated validator needs ${needed[0]}`);
  return inlined.trim();
}
