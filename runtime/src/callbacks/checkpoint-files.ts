import { existsSync } from 'node:fs';
import { rename, rm, symlink } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

/**
 * The first of a path's versions that no other file has.
 *
 * @param pathOf the path with a version number behind its name, or without one
 * @param displaced a file that gives way to the new one, and so counts as gone
 */
export function unusedPath(pathOf: (version?: number) => string, displaced?: string): string {
  let path = pathOf();
  for (let version = 1; path !== displaced && existsSync(path); version++) path = pathOf(version);
  return path;
}

/** Makes `path` a link to `target`; at every instant it leads to the old target or to the new one. */
export async function replaceLink(target: string, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  await symlink(relative(dirname(path), target), temporary);
  await rename(temporary, path);
}
