import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Analysis, analyse } from './analysis.js';
import { check } from './checks/index.js';
import { formatDiagnostics, hasErrors } from './diagnostics/format.js';
import { openProject } from './discovery/open-project.js';
import { hooksFile } from './emit/hooks-file.js';
import { loopsFile } from './emit/loops-file.js';
import { metricsFile } from './emit/metrics-file.js';
import { readReferenceLoops } from './specialise/reference-loops.js';

// A case is a folder of sources. `vitest -u` writes what is expected of a new one, to be read before it is committed.

vi.setConfig({ testTimeout: 120_000 });

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const opened = openProject(fixtures);
opened.project.addSourceFilesAtPaths(join(fixtures, '*/*/*.ts'));
const loops = readReferenceLoops(opened.runtime);

function analyseCase(folder: string): Analysis {
  const names = readdirSync(folder).filter((name) => /(?<!\.test)\.ts$/.test(name));
  return analyse(
    opened,
    names.map((name) => opened.project.getSourceFileOrThrow(join(folder, name))),
  );
}

describe('projects without errors', () => {
  const names = readdirSync(join(fixtures, 'valid'));
  const copy = mkdtempSync(join(tmpdir(), 'pl-fixtures-'));
  afterAll(() => rmSync(copy, { recursive: true }));

  test.each(names)('%s', async (name) => {
    const folder = join(fixtures, 'valid', name);
    const analysis = analyseCase(folder);
    const diagnostics = check(analysis);
    expect(hasErrors(diagnostics), formatDiagnostics(diagnostics, folder)).toBe(false);
    const warnings = join(folder, 'warnings.txt');
    if (diagnostics.length > 0)
      await expect(formatDiagnostics(diagnostics, folder)).toMatchFileSnapshot(warnings);
    else expect(existsSync(warnings)).toBe(false);

    const path = (file: string) => join(folder, 'generated', file);
    const hooks = hooksFile(path('hooks.ts'), analysis);
    const metrics = metricsFile(path('metrics.ts'), analysis);
    const loop = loopsFile(path('fit-loop.ts'), analysis, loops);
    await expect(hooks.text).toMatchFileSnapshot(hooks.path);
    await expect(metrics.text).toMatchFileSnapshot(metrics.path);
    // Every change of the runtime's loops shows in full in these two cases, elsewhere only what concerns the class.
    if (['three-hooks', 'all-hooks'].includes(name)) await expect(loop.text).toMatchFileSnapshot(loop.path);
    else await expect(ownLines(loop.text)).toMatchFileSnapshot(path('fit-loop.lines.txt'));

    cpSync(folder, join(copy, 'src', name), { recursive: true });
    mkdirSync(join(copy, 'src', name, 'generated'), { recursive: true });
    for (const { path: file, text } of [hooks, metrics, loop]) {
      writeFileSync(join(copy, 'src', name, 'generated', basename(file)), text);
    }
  });

  test('the generated code of all of them passes the strict checks of TypeScript', () => {
    symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(copy, 'node_modules'));
    const { compilerOptions } = JSON.parse(readFileSync(join(fixtures, 'tsconfig.json'), 'utf8'));
    const base = fileURLToPath(new URL('../../tsconfig.base.json', import.meta.url));
    // The programs import their configuration, which other tests look at.
    const tsconfig = { extends: base, compilerOptions, include: ['src'], exclude: ['**/main.ts'] };
    writeFileSync(join(copy, 'tsconfig.json'), JSON.stringify(tsconfig));
    writeFileSync(join(copy, 'package.json'), '{ "type": "module" }');
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', copy], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

describe('projects with errors', () => {
  test.each(readdirSync(join(fixtures, 'invalid')))('%s', async (name) => {
    const folder = join(fixtures, 'invalid', name);
    const diagnostics = check(analyseCase(folder));
    expect(hasErrors(diagnostics)).toBe(true);
    await expect(formatDiagnostics(diagnostics, folder)).toMatchFileSnapshot(join(folder, 'diagnostics.txt'));
  });
});

/** The lines of a loop that say which class it is for and which of its methods it calls. */
function ownLines(loop: string): string {
  const lines = loop
    .split('\n')
    .filter((line) => /^(import|export|registerCompiled)|\bmodel\b(?!\.zeroGrad)|-1/.test(line));
  return `${lines.join('\n')}\n`;
}
