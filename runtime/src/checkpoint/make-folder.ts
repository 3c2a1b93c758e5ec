import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Node's own recursive `mkdir` never returns where a file system
 * lets nobody make folders and says ENOENT, as `/proc` does.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (
    let path = resolve(folder);
    statSync(path, { throwIfNoEntry: false }) === undefined;
    path = dirname(path)
  ) {
    missing.unshift(path);
  }
  if (missing.length === 0 && !statSync(folder).isDirectory()) {
    throw Object.assign(new Error(`${folder} is a file`), { code: 'EEXIST' });
  }
  for (const path of missing) {
    try {
      mkdirSync(path);
    } catch (error) {
      // Another process may have been faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
