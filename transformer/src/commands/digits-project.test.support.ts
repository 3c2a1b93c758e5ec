import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** A copy of the generator's digits project, with the packages of this repository as npm would have installed them. */
export function digitsProject(): string {
  const project = mkdtempSync(join(tmpdir(), 'pl-digits-'));
  afterAll(() => rmSync(project, { recursive: true }));
  for (const name of ['src', 'tsconfig.json', 'config.yaml']) {
    cpSync(join(repository, 'templates/digits', name), join(project, name), { recursive: true });
  }
  writeFileSync(join(project, 'package.json'), '{ "name": "digits", "type": "module" }');
  symlinkSync(join(repository, 'node_modules'), join(project, 'node_modules'));
  return project;
}
