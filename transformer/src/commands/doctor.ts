import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../compile.js';
import { hasErrors } from '../diagnostics/format.js';
import { openProject } from '../discovery/open-project.js';
import { RUNTIME, resolveFrom } from '../discovery/runtime-package.js';
import { findChanges } from '../emit/write-files.js';
import { CommandError } from './command-error.js';

/** One thing that was looked at: what was found, and what would change it for the better. */
interface Finding {
  readonly label: string;
  readonly found: string;
  readonly advice?: string | undefined;
}

/** `pl doctor`: Node, the project in a folder, the engines. */
export async function doctor(folder: string): Promise<string> {
  const { formatEngineReport, inspectEngines } = await import('@pl-ts/runtime');
  const findings = [
    node(),
    installed('Runtime', RUNTIME, folder),
    installed('Compiler', 'typescript', folder),
    projectState(folder),
  ];
  return `${findings.map(format).join('\n')}\n${formatEngineReport(await inspectEngines())}`;
}

function format({ label, found, advice }: Finding): string {
  return `${label.padEnd(10)}${found}${advice === undefined ? '' : `\n${' '.repeat(10)}→ ${advice}`}`;
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < 20 || (major === 20 && minor < 19);
  const found = `${process.versions.node}, ${process.platform} ${process.arch}`;
  return { label: 'Node', found, advice: isOld ? 'install Node 20.19 or later' : undefined };
}

function installed(label: string, name: string, folder: string): Finding {
  const manifest = resolveFrom(folder, `${name}/package.json`);
  if (manifest === undefined) return { label, found: `${name} is not installed here`, advice: 'npm install' };
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { label, found: `${name} ${version}` };
}

function projectState(folder: string): Finding {
  const label = 'Project';
  try {
    const opened = openProject(folder);
    const { diagnostics, files } = compile(opened);
    if (hasErrors(diagnostics)) {
      return { label, found: `${diagnostics.length} mistakes in ${opened.root}`, advice: 'npx pl generate' };
    }
    const { written, removed } = findChanges(files, join(opened.sourceRoot, 'generated'));
    const isCurrent = written.length + removed.length === 0;
    const isBuilt = existsSync(join(opened.root, 'dist', 'main.js'));
    if (isCurrent && isBuilt) return { label, found: `compiled (${opened.root})` };
    const found = isCurrent ? 'generated, but not built' : 'the generated code is out of date';
    return { label, found, advice: 'npm run build' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { label, found: error.message, advice: error.hint };
  }
}
