import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CommandError } from './command-error.js';

/**
 * `pl run fit …`: runs the project's built program, in this very process, so that signals, the terminal and the exit
 * code are the program's own.
 */
export async function run(args: readonly string[]): Promise<void> {
  const root = findRoot(process.cwd());
  const program = join(root, 'dist', 'main.js');
  checkBuild(root, program);
  process.argv = [process.execPath, program, ...args];
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(program).href);
}

function findRoot(folder: string): string {
  const parent = dirname(folder);
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (parent !== folder) return findRoot(parent);
  throw new CommandError(
    'PL1907',
    `${resolve('.')} is not in a project: there is no package.json.`,
    'Change to the folder of your project.',
  );
}

function checkBuild(root: string, program: string): void {
  const generated = join(root, 'src', 'generated');
  const missing = !existsSync(program)
    ? program
    : existsSync(join(root, 'src')) && !existsSync(generated)
      ? generated
      : '';
  if (missing !== '') {
    throw new CommandError(
      'PL1908',
      `this project was not compiled: there is no ${relative('.', missing)}.`,
      'Run: npm run build',
    );
  }
  const source = newest(join(root, 'src'), /(?<!\.test|\.spec|\.d)\.[cm]?tsx?$/);
  const output = newest(join(root, 'dist'), /\.([cm]?js|tsbuildinfo)$/);
  if (source !== undefined && output !== undefined && source.time > output.time) {
    console.error(
      `warning PL1909: ${relative('.', source.path)} is newer than the build. Run: npm run build`,
    );
  }
}

/** The file of that kind in a folder that was changed last. */
function newest(folder: string, kind: RegExp): { path: string; time: number } | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => kind.test(name))
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .reduce<{ path: string; time: number } | undefined>(
      (last, file) => (last && last.time >= file.time ? last : file),
      undefined,
    );
}
