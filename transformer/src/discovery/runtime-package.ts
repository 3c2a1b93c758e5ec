import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Name of the package that decorators and base classes come from. */
export const RUNTIME = '@pl-ts/runtime';

/** The runtime that a project has installed. */
export interface RuntimePackage {
  /** Its folder, links resolved. */
  readonly root: string;
  /** Its type declarations. */
  readonly types: string;
}

/** Finds the runtime from a project's folder; undefined when it is not installed. */
export function findRuntime(projectRoot: string): RuntimePackage | undefined {
  const manifest = resolveFrom(projectRoot, `${RUNTIME}/package.json`);
  if (manifest === undefined) return undefined;
  const root = realpathSync(dirname(manifest));
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: { '.': { types: string } } };
  const types = join(root, exports['.'].types);
  return existsSync(types) ? { root, types } : undefined;
}

/** Resolves a module name as code in that folder would, or undefined. */
export function resolveFrom(folder: string, specifier: string): string | undefined {
  try {
    return createRequire(join(folder, 'package.json')).resolve(specifier);
  } catch {
    return undefined;
  }
}
