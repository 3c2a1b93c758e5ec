import type { JsonSchema, SchemaValidator } from '@pl-ts/runtime/config';
import { Ajv, type Options } from 'ajv';
import { formats } from './formats.js';

/** ajv as generated validators use it: fills in defaults, reports everything, knows the formats that patterns decide. */
export function createAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({
    useDefaults: true,
    allErrors: true,
    allowUnionTypes: true,
    strictTuples: false,
    ...options,
  });
  for (const [name, format] of formats) ajv.addFormat(name, format);
  return ajv;
}

const shared = createAjv();

/** A validator to use while compiling; generated code has its own. */
export function compileSchema<T = unknown>(schema: JsonSchema): SchemaValidator<T> {
  const validate = shared.compile(schema);
  shared.removeSchema(schema); // the validator works on, and the instance does not grow in watch mode
  return validate as unknown as SchemaValidator<T>;
}
