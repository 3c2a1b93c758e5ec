import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/**
 * Calls back with the path of every file that changes, comes or goes in a folder and the folders in it. Folders are
 * watched one by one: Node's own recursive watching loses files that editors replace instead of overwriting.
 */
export function watchTree(root: string, onChange: (file: string) => void): void {
  const watchers = new Map<string, FSWatcher>();

  const watchFolder = (folder: string): void => {
    const watcher = watch(folder, (_event, name) => {
      update();
      if (name !== null) onChange(join(folder, name));
    });
    watcher.on('error', () => watcher.close()); // the folder went away
    watchers.set(folder, watcher);
  };

  const update = (): void => {
    for (const [folder, watcher] of watchers) {
      if (existsSync(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of [root, ...foldersIn(root)].filter((path) => !watchers.has(path))) {
      watchFolder(folder);
      // Files that came with a new folder were there before anyone watched it.
      if (folder !== root) for (const name of readdirSync(folder)) onChange(join(folder, name));
    }
  };

  for (const folder of [root, ...foldersIn(root)]) watchFolder(folder);
}

function foldersIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}
