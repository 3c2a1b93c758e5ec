import { join, relative } from 'node:path';
import { type Compilation, compile } from '../compile.js';
import { formatDiagnostics, hasErrors } from '../diagnostics/format.js';
import { type OpenProject, openProject } from '../discovery/open-project.js';
import { applyChanges, type Changes, findChanges } from '../emit/write-files.js';
import { CommandError } from './command-error.js';

export interface GenerateOptions {
  /** Path of a tsconfig.json, or of the folder that has one. */
  readonly project: string;
  /** Only says what would change. */
  readonly check?: boolean;
}

/** `pl generate`: checks a project and writes its generated files. Gives the exit code. */
export function generate({ project, check = false }: GenerateOptions): number {
  return generateFrom(openProject(project), check);
}

/** As `generate`, for a project that is open. */
export function generateFrom(opened: OpenProject, check = false): number {
  const compilation = compile(opened);
  process.stdout.write(formatDiagnostics(compilation.diagnostics, process.cwd()));
  if (hasErrors(compilation.diagnostics)) return 1;
  const changes = changesOf(compilation, opened);
  const paths = [...changes.written.map(({ path }) => path), ...changes.removed].map((path) =>
    relative('.', path),
  );
  if (check) {
    if (paths.length > 0) console.log(`Out of date; pl generate would change:\n${indented(paths)}`);
    return paths.length === 0 ? 0 : 1;
  }
  applyChanges(changes);
  if (paths.length > 0) console.log(`Generated:\n${indented(paths)}`);
  return 0;
}

function changesOf({ files }: Compilation, { root, sourceRoot }: OpenProject): Changes {
  if (files.length === 0) {
    throw new CommandError(
      'PL1905',
      `no file of ${root} uses @pl-ts/runtime, so there is nothing to generate.`,
    );
  }
  return findChanges(files, join(sourceRoot, 'generated'));
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
