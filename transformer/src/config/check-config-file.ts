import {
  type ConfigDefinition,
  type ConfigProblem,
  checkValue,
  type Origin,
  readConfigText,
} from '@pl-ts/runtime/config';
import type { GivenSettings } from './contradictions.js';

/** Where something stands in a configuration file; lines and columns count from 1. */
export interface ConfigPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A mistake in a configuration file. */
export interface ConfigFileProblem extends Pick<ConfigProblem, 'code' | 'message' | 'hint'> {
  readonly place: ConfigPlace;
}

/**
 * What is wrong in the text of a configuration file: malformed YAML or JSON, names that are no settings, values that
 * do not fit. Settings that are missing may come from elsewhere and are no mistake here.
 *
 * @returns the settings, too: those that fit with their values, the others as hidden
 */
export function checkConfigFile(
  text: string,
  file: string,
  definition: ConfigDefinition,
): { problems: ConfigFileProblem[]; settings: GivenSettings<ConfigPlace> } {
  const { values, problems } = readConfigText(text, file, definition);
  const fitting = new Map<string, { value: unknown; place: ConfigPlace }>();
  const hidden = new Set<string>();
  const misfits = values.flatMap((given) => {
    const { path } = given.setting;
    const problem = checkValue(given, definition);
    if (problem === undefined) fitting.set(path, { value: given.value, place: placeOf(given.origin, file) });
    else hidden.add(path);
    return problem ?? [];
  });
  return {
    problems: [...problems, ...misfits].map(({ code, message, hint, origin }) => ({
      code,
      message,
      ...(hint !== undefined && { hint }),
      place: placeOf(origin, file),
    })),
    settings: { values: fitting, hidden },
  };
}

function placeOf(origin: Origin | undefined, file: string): ConfigPlace {
  const { line, column } = origin?.kind === 'file' ? origin : { line: 1, column: 1 };
  return { file, line, column };
}
