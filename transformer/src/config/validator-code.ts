import type { JsonSchema } from '@pl-ts/runtime/config';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { ts } from 'ts-morph';
import { createAjv } from './validator.js';

/** What a validator in generated code checks, and the expression under which that code has the schema, if it has it. */
export interface ValidatorSchema {
  readonly schema: JsonSchema;
  readonly expression?: string;
}

/** Modules of ajv that its code may ask for at run time, as expressions that need none. */
const INLINED = new Map([
  ['require("ajv/dist/runtime/ucs2length").default', '(text) => Array.from(text).length'],
]);

/**
 * ajv's standalone code for several validators: statements of an ES module without imports, in which each name of
 * `validators` is a function.
 *
 * @throws Error when the code would need a module at run time
 */
export function validatorCode(validators: Readonly<Record<string, ValidatorSchema>>): string {
  const ajv = createAjv({
    code: { source: true, esm: true },
    messages: false,
    // Compares the members of an enum one by one, which needs no library for equality.
    loopEnum: Number.POSITIVE_INFINITY,
  });
  const known = new Map<string, string>();
  for (const [name, { schema, expression }] of Object.entries(validators)) {
    ajv.addSchema(schema, name);
    if (expression !== undefined) known.set(JSON.stringify(schema), expression);
  }
  const names = Object.fromEntries(Object.keys(validators).map((name) => [name, name]));
  const file = ts.createSourceFile(
    'validators.js',
    standaloneCode.default(ajv, names),
    ts.ScriptTarget.ES2022,
    true,
  );
  return file.statements
    .filter((statement) => !ts.isExpressionStatement(statement)) // 'use strict'
    .map((statement) =>
      ts.isVariableStatement(statement) ? constantText(statement, known) : statement.getText(),
    )
    .join('\n');
}

function constantText(statement: ts.VariableStatement, known: ReadonlyMap<string, string>): string {
  const [{ name, initializer }] = statement.declarationList.declarations as unknown as [
    ts.VariableDeclaration,
  ];
  const text = initializer!.getText();
  const value = known.get(text) ?? INLINED.get(text) ?? text;
  if (value.startsWith('require(')) throw new Error(`the generated validator needs ${value}`);
  return `const ${name.getText()} = ${value};`;
}
