import { existsSync, watch as watchFolder } from 'node:fs';
import { join } from 'node:path';
import { type OpenProject, openProject } from '../discovery/open-project.js';
import { CommandError } from './command-error.js';
import { generateFrom } from './generate.js';
import { watchTree } from './watch-tree.js';

/** How long a burst of changes may last, in milliseconds: editors write files in several steps. */
const QUIET_MS = 80;

/** Generates now, and again whenever a source or a configuration file changes. Ends with the process. */
export function watch(path: string): void {
  let opened = openProject(path);
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const generateAgain = () => {
    const paths = [...changed];
    changed.clear();
    try {
      if (paths.some((file) => file.startsWith(join(opened.root, 'tsconfig')))) opened = openProject(path);
      else refresh(opened, paths);
      generateFrom(opened);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      console.error(error.format()); // such as a tsconfig.json that is being edited
    }
  };
  const note = (file: string) => {
    if (!concerns(file, opened)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(generateAgain, QUIET_MS);
  };

  // Watching begins first: a change during the first generation is not lost.
  watchFolder(opened.root, (_event, name) => note(join(opened.root, name ?? '')));
  watchTree(opened.sourceRoot, note);
  generateFrom(opened);
}

function concerns(file: string, { root, sourceRoot }: OpenProject): boolean {
  if (file.startsWith(join(sourceRoot, 'generated')) || file.includes('node_modules')) return false;
  if (/\.[cm]?tsx?$/.test(file)) return file.startsWith(sourceRoot);
  return /^(config|tsconfig)[\w.-]*\.(json|ya?ml)$/.test(file.slice(root.length + 1));
}

/** Reads changed sources again, and notices those that came and went. */
function refresh({ project }: OpenProject, paths: readonly string[]): void {
  for (const path of paths.filter((file) => /\.[cm]?tsx?$/.test(file))) {
    const file = project.getSourceFile(path);
    if (!existsSync(path)) file?.forget();
    else if (file === undefined) project.addSourceFileAtPath(path);
    else file.refreshFromFileSystemSync();
  }
}
