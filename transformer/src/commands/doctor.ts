import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pc from 'picocolors';
import { compile } from '../compile.js';
import { hasErrors } from '../diagnostics/format.js';
import { openProject } from '../discovery/open-project.js';
import { RUNTIME, resolveFrom } from '../discovery/runtime-package.js';
import { findChanges } from '../emit/write-files.js';
import { CommandError } from './command-error.js';

/** One thing that was looked at: whether it is well, what was found, and what would help. */
interface Finding {
  readonly ok: boolean;
  readonly what: string;
  readonly hint?: string;
}

/** `pl doctor`: Node, the project in a folder, the engines. */
export async function doctor(folder: string): Promise<string> {
  const findings = [nodeFinding(), ...packageFindings(folder), projectFinding(folder)];
  return findings.map(format).join('\n');
}

function format({ ok, what, hint }: Finding): string {
  const mark = ok ? pc.green('✓') : pc.red('✗');
  return `${mark} ${what}${hint === undefined ? '' : `\n    ${hint}`}`;
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    ok,
    what: `Node ${process.versions.node}`,
    ...(ok ? {} : { hint: 'Node 20.19 or later is needed.' }),
  };
}

function packageFindings(folder: string): Finding[] {
  return [RUNTIME, 'typescript'].map((name) => {
    const manifest = resolveFrom(folder, `${name}/package.json`);
    if (manifest === undefined)
      return { ok: false, what: `${name} is not installed here`, hint: 'Run: npm install' };
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    return { ok: true, what: `${name} ${version} (${dirname(manifest)})` };
  });
}

function projectFinding(folder: string): Finding {
  try {
    const opened = openProject(folder);
    const { diagnostics, files } = compile(opened);
    if (hasErrors(diagnostics)) {
      return { ok: false, what: `the project has ${diagnostics.length} problems`, hint: 'Run: pl generate' };
    }
    const { written, removed } = findChanges(files, join(opened.sourceRoot, 'generated'));
    if (written.length + removed.length > 0) {
      return { ok: false, what: 'the generated code is out of date', hint: 'Run: npm run build' };
    }
    const isBuilt = existsSync(join(opened.root, 'dist', 'main.js'));
    return isBuilt
      ? { ok: true, what: 'the project is compiled' }
      : { ok: false, what: 'the project is generated, but not built', hint: 'Run: npm run build' };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { ok: false, what: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}
