import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestAdapter } from '@yeoman/adapter/testing';
import type { TestProject } from 'vitest/node';
import { createEnv } from 'yeoman-environment';
import { succeed } from './program.js';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of a digits project outside the checkout: generated with --link, installed and built. Not to be changed. */
    digitsProject: string;
  }
}

export default async function setup(project: TestProject) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pl-e2e-')));
  const env = createEnv({ cwd: root, adapter: new TestAdapter() });
  env.register(join(checkout, 'dist/generators/app/index.js'), { namespace: 'pl:app' });
  const options = { link: true, defaults: true, skipGit: true, skipInstall: true };
  await env.run(['pl:app', 'digits'], options);
  const cwd = join(root, 'digits');
  await succeed('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd });
  await succeed('npm', ['run', 'build'], { cwd });
  project.provide('digitsProject', cwd);
  return () => rmSync(root, { recursive: true });
}
