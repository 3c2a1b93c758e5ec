import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { GeneratorError } from './generator-error.js';

/** What may lie in a folder that still counts as empty: a repository made before the project. */
const ignored = new Set(['.git', '.DS_Store']);

/**
 * The absolute path of the project's folder. It must be the working folder or lie inside it, also after symbolic links
 * are followed, so that no argument writes anywhere else.
 */
export function resolveTarget(cwd: string, directory: string): string {
  const target = resolve(cwd, directory);
  if (!isInside(cwd, target) || !isInside(realpathSync(cwd), realpathOfExisting(target))) {
    throw new GeneratorError(
      `'${directory}' leaves the current folder (${cwd}).`,
      'Change to the folder that shall hold the project first, then give a path inside it.',
    );
  }
  return target;
}

/** Whether a project can be written there without touching anything. Throws where the path is a file. */
export function isFree(target: string): boolean {
  if (!existsSync(target)) return true;
  if (!statSync(target).isDirectory()) {
    throw new GeneratorError(
      `'${target}' is a file, not a folder.`,
      'Choose another folder for the project.',
    );
  }
  return readdirSync(target).every((name) => ignored.has(name));
}

function isInside(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

function realpathOfExisting(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : resolve(realpathOfExisting(parent), relative(parent, path));
}
