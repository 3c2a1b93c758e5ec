import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Analysis, analyse } from './analysis.js';
import { check } from './checks/index.js';
import { formatDiagnostics, hasErrors } from './diagnostics/format.js';
import { openProject } from './discovery/open-project.js';
import { hooksFile } from './emit/hooks-file.js';
import { loopsFile } from './emit/loops-file.js';
import { metricsFile } from './emit/metrics-file.js';
import { readReferenceLoops } from './specialise/reference-loops.js';

// A case is a folder of sources. `vitest -u` writes what is expected of a new one, to be read before it is committed.

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
  test.each(readdirSync(join(fixtures, 'valid')))('%s', async (name) => {
    const folder = join(fixtures, 'valid', name);
    const analysis = analyseCase(folder);
    const diagnostics = check(analysis);
    expect(hasErrors(diagnostics), formatDiagnostics(diagnostics, folder)).toBe(false);
    const warnings = join(folder, 'warnings.txt');
    if (diagnostics.length > 0)
      await expect(formatDiagnostics(diagnostics, folder)).toMatchFileSnapshot(warnings);
    else expect(existsSync(warnings)).toBe(false);

    const generated = join(folder, 'generated');
    for (const file of [
      hooksFile(join(generated, 'hooks.ts'), analysis),
      loopsFile(join(generated, 'fit-loop.ts'), analysis, loops),
      metricsFile(join(generated, 'metrics.ts'), analysis),
    ]) {
      await expect(file.text).toMatchFileSnapshot(file.path);
    }
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
