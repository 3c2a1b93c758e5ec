import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../checkpoint/make-folder.js';
import { whyUnwritable } from '../checkpoint/why-unwritable.js';
import { PLError } from '../errors/pl-error.js';

/**
 * Makes the folder `version_<n>` below `root`, with n above every version that is there, and returns n. Making it is
 * what claims it: of two programs that start at once each gets its own.
 *
 * @throws PL5401 when it cannot be made
 */
export function claimVersion(root: string): number {
  makeLogFolder(root);
  for (let version = highestVersion(root) + 1; ; version++) {
    const folder = join(root, `version_${version}`);
    try {
      mkdirSync(folder);
      return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(folder, error);
    }
  }
}

/** Makes a folder and those above it. Throws PL5401. */
export function makeLogFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

/** Removes folders, from the first one on, as long as they are empty. @returns whether the first one is gone */
export function removeEmptyFolders(...folders: readonly string[]): boolean {
  let removed = 0;
  try {
    for (const folder of folders) {
      rmdirSync(folder);
      removed++;
    }
  } catch {
    // Something is in it: it stays.
  }
  return removed > 0;
}

/** An error of the file system as PL5401; anything else as it is. */
export function unwritable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof PLError || code === undefined) return error;
  return new PLError('PL5401', `Logs cannot be written to ${path}: ${whyUnwritable(code)}`, {
    hint: 'Free the place, or choose another folder: trainer.defaultRootDir, or the logger’s saveDir.',
    cause: error,
  });
}

function highestVersion(root: string): number {
  const versions = readdirSync(root).map((name) => Number(/^version_(\d+)$/.exec(name)?.[1] ?? -1));
  return versions.reduce((a, b) => Math.max(a, b), -1);
}
