import { type ConfigDefinition, type ConfigProblem, checkValue, readConfigText } from '@pl-ts/runtime/config';

/** A mistake in a configuration file; lines and columns count from 1. */
export interface ConfigFileProblem {
  readonly code: ConfigProblem['code'];
  readonly message: string;
  readonly hint?: string;
  readonly line: number;
  readonly column: number;
}

/**
 * What is wrong in the text of a configuration file: malformed YAML or JSON, names that are no settings, values that
 * do not fit. Settings that are missing may come from elsewhere and are no mistake here.
 */
export function checkConfigFile(
  text: string,
  file: string,
  definition: ConfigDefinition,
): ConfigFileProblem[] {
  const { values, problems } = readConfigText(text, file, definition);
  const misfits = values
    .map((value) => checkValue(value, definition))
    .filter((problem) => problem !== undefined);
  return [...problems, ...misfits].map(({ code, message, hint, origin }) => {
    const { line, column } = origin?.kind === 'file' ? origin : { line: 1, column: 1 };
    return { code, message, ...(hint === undefined ? {} : { hint }), line, column };
  });
}
