import { closest, distance } from 'fastest-levenshtein';
import { GeneratorError } from './generator-error.js';

type Options = Readonly<Record<string, unknown>>;

/**
 * Refuses misspelt flags. Yeoman hands over whatever was typed, together with settings of its own, so only a name that
 * is nearly one of the generator's can be told from those.
 */
export function checkOptionNames(options: Options, declared: Readonly<Record<string, unknown>>) {
  const known = Object.keys(declared);
  for (const given of Object.keys(options).map(kebabCase)) {
    const near = closest(given, known);
    if (
      given.length > 3 &&
      !known.includes(given) &&
      !yeomanOptions.has(given) &&
      distance(given, near) <= 2
    ) {
      throw new GeneratorError(`There is no option --${given}.`, `Did you mean --${near}?`);
    }
  }
}

/** The value of `--name text`, or undefined where the flag is absent. */
export function textOption(options: Options, name: string): string | undefined {
  const value = options[camelCase(name)] ?? options[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean' || value === '' || value === 'true') {
    throw new GeneratorError(`--${name} has no value.`, `Write it as --${name} <value>.`);
  }
  return String(value);
}

/** Whether `--name` was given. */
export function flagOption(options: Options, name: string): boolean {
  return options[camelCase(name)] === true || options[name] === true;
}

/** Yeoman's own options whose names come near to one of ours. */
const yeomanOptions = new Set(['skip-cache', 'skip-local-cache', 'force-install', 'skip-install']);

const camelCase = (name: string) => name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const kebabCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
