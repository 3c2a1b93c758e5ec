import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/**
 * Calls back with the path of every file that changes, comes or goes in a folder and the folders in it. Folders are
 * watched one by one: Node's own recursive watching loses files that editors replace instead of overwriting.
 */
export function watchTree(root: string, onChange: (file: string) => void): void {
  const watched = new Map<string, { watcher: FSWatcher; files: readonly string[] }>();

  const watchFolder = (folder: string): void => {
    const watcher = watch(folder, (_event, name) => {
      update();
      if (watched.has(folder)) watched.set(folder, { watcher, files: filesIn(folder) });
      if (name !== null) onChange(join(folder, name));
    });
    watcher.on('error', () => watcher.close()); // the folder went away
    watched.set(folder, { watcher, files: filesIn(folder) });
  };

  const update = (): void => {
    for (const [folder, { watcher, files }] of watched) {
      if (existsSync(folder)) continue;
      watcher.close();
      watched.delete(folder);
      // The folder's own events may come after the one of the folder above, when nobody listens any more.
      for (const file of files) onChange(file);
    }
    for (const folder of [root, ...foldersIn(root)].filter((path) => !watched.has(path))) {
      watchFolder(folder);
      // Files that came with a new folder were there before anyone watched it.
      if (folder !== root) for (const file of filesIn(folder)) onChange(file);
    }
  };

  for (const folder of [root, ...foldersIn(root)]) watchFolder(folder);
}

/** None where the folder just went away. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function foldersIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}
