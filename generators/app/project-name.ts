import validate from 'validate-npm-package-name';
import { GeneratorError } from './generator-error.js';

/** Why npm would refuse a new package of this name, or undefined where it would not. */
export function nameProblem(name: string): string | undefined {
  const { validForNewPackages, errors = [], warnings = [] } = validate(name);
  return validForNewPackages ? undefined : [...errors, ...warnings].join('; ');
}

export function checkName(name: string): string {
  const problem = nameProblem(name);
  if (problem === undefined) return name;
  throw new GeneratorError(
    `'${name}' is not a valid npm package name: ${problem}.`,
    'Choose another with --name: lower-case letters, digits, dashes and dots, with an optional @scope/ in front.',
  );
}

/** The package name that a folder suggests: `My Digits` gives `my-digits`. Falls back to the template's name. */
export function nameFromFolder(folder: string, fallback: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '');
  return nameProblem(name) === undefined ? name : fallback;
}

/** The folder that a package name suggests: `@acme/digits` gives `digits`. */
export function folderFromName(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}
