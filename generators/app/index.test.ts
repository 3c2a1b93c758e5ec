import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestAdapter } from '@yeoman/adapter/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEnv } from 'yeoman-environment';
import AppGenerator from './index.js';

const root = new URL('../..', import.meta.url);
let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'pl-app-'));
});

afterEach(() => rmSync(cwd, { recursive: true }));

interface Run {
  args?: string[];
  flags?: Record<string, unknown>;
  /** Answers to the questions, by name. Without them nobody is at the terminal. */
  answers?: Record<string, unknown>;
}

async function run({ args = [], flags = {}, answers }: Run) {
  const adapter = new TestAdapter({ mockedAnswers: answers ?? {} });
  const env = createEnv({ cwd, adapter });
  env.register(AppGenerator, { namespace: 'pl:app' });
  const streams = [process.stdin, process.stdout];
  const terminals = streams.map(({ isTTY }) => isTTY);
  for (const stream of streams) stream.isTTY = answers !== undefined;
  try {
    const options: object = { skipInstall: true, skipGit: true, ...flags };
    await env.run(['pl:app', ...args], options);
  } finally {
    streams.forEach((stream, i) => {
      stream.isTTY = terminals[i]!;
    });
  }
  return adapter.calls.map(({ question }) => question.name);
}

const files = (folder: string) =>
  readdirSync(join(cwd, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(cwd, folder).length + 1))
    .sort();

const packageJson = (folder: string) => JSON.parse(readFileSync(join(cwd, folder, 'package.json'), 'utf8'));

test('writes the project without asking when nobody is at a terminal', async () => {
  const asked = await run({ args: ['my-digits'] });
  expect(asked).toEqual([]);
  expect(files('my-digits')).toMatchInlineSnapshot(`
    [
      ".env.example",
      ".gitignore",
      "README.md",
      "config.yaml",
      "data/README.md",
      "data/digits.csv.gz",
      "package.json",
      "src/data.ts",
      "src/main.ts",
      "src/model.test.ts",
      "src/model.ts",
      "tsconfig.json",
      "vitest.config.ts",
    ]
  `);
  const { name, scripts, dependencies } = packageJson('my-digits');
  expect(name).toBe('my-digits');
  expect(Object.keys(scripts)).toEqual(
    expect.arrayContaining(['build', 'train', 'validate', 'test', 'predict', 'dev']),
  );
  expect(dependencies).toEqual({
    '@pl-ts/runtime': `^${JSON.parse(readFileSync(new URL('package.json', root), 'utf8')).version}`,
  });
  expect(readFileSync(join(cwd, 'my-digits/data/digits.csv.gz'))).toEqual(
    readFileSync(new URL('templates/digits/data/digits.csv.gz', root)),
  );
});

test('without a folder the name gives it', async () => {
  await run({ flags: { name: '@acme/numbers' } });
  expect(packageJson('numbers').name).toBe('@acme/numbers');
});

test('asks only for what the flags leave open', async () => {
  const answers = { name: 'asked', packageManager: 'pnpm' };
  expect(await run({ answers, flags: { packageManager: 'yarn' } })).toEqual(['name']);
  expect(readFileSync(join(cwd, 'asked/README.md'), 'utf8')).toContain('yarn build');
  expect(await run({ answers, args: ['given'], flags: { name: 'given' } })).toEqual(['packageManager']);
  expect(readFileSync(join(cwd, 'given/README.md'), 'utf8')).toContain('pnpm build');
  expect(await run({ answers, args: ['nothing'], flags: { name: 'x', packageManager: 'npm' } })).toEqual([]);
});

test.each<[string, Run, RegExp]>([
  ['a name that npm refuses', { flags: { name: 'No Name' } }, /not a valid npm package name/],
  ['a folder outside', { args: ['../x'] }, /leaves the current folder/],
  [
    'an unknown template',
    { args: ['x'], flags: { template: '../..' } },
    /no template '\.\.\/\.\.'.\n {2}Use one of: digits/,
  ],
  [
    'an unknown package manager',
    { args: ['x'], flags: { packageManager: 'bun' } },
    /Use one of: npm, pnpm, yarn/,
  ],
  ['two folders', { args: ['x', 'y'] }, /one folder to give, not 2/],
  ['a misspelt flag', { args: ['x'], flags: { skipgit: true } }, /Did you mean --skip-git/],
  ['a link with yarn', { args: ['x'], flags: { link: true, packageManager: 'yarn' } }, /npm or pnpm/],
  ['a link and a version', { args: ['x'], flags: { link: true, runtime: '1' } }, /contradicts/],
])('refuses %s and writes nothing', async (_, input, message) => {
  await expect(run(input)).rejects.toThrow(message);
  expect(readdirSync(cwd)).toEqual([]);
});

test('leaves a folder with files in it alone, unless --force says otherwise', async () => {
  mkdirSync(join(cwd, 'full'));
  writeFileSync(join(cwd, 'full/config.yaml'), 'mine');
  writeFileSync(join(cwd, 'full/notes.txt'), 'mine');
  await expect(run({ args: ['full'] })).rejects.toThrow(/already has files in it\.\n {2}.*--force/);
  expect(files('full')).toEqual(['config.yaml', 'notes.txt']);

  await run({ args: ['full'], flags: { force: true } });
  expect(readFileSync(join(cwd, 'full/config.yaml'), 'utf8')).not.toBe('mine');
  expect(readFileSync(join(cwd, 'full/notes.txt'), 'utf8')).toBe('mine');
});

test('--link depends on this checkout, with the protocol that the package manager links', async () => {
  await run({ args: ['linked'], flags: { link: true } });
  const { dependencies, devDependencies } = packageJson('linked');
  for (const [spec, workspace] of [
    [dependencies['@pl-ts/runtime'], 'runtime'],
    [devDependencies['@pl-ts/transformer'], 'transformer'],
  ]) {
    expect(spec).toMatch(/^file:\.\.\//);
    expect(existsSync(join(cwd, 'linked', spec.slice('file:'.length), 'package.json'))).toBe(true);
    expect(spec).toMatch(new RegExp(`/${workspace}$`));
  }
  await run({ args: ['pnpm'], flags: { link: true, packageManager: 'pnpm' } });
  expect(packageJson('pnpm').dependencies['@pl-ts/runtime']).toMatch(/^link:/);
});

test('takes the framework from a tarball when told so', async () => {
  writeFileSync(join(cwd, 'runtime.tgz'), '');
  await run({ args: ['packed'], flags: { runtime: 'runtime.tgz', transformer: '~0.1.0' } });
  expect(packageJson('packed').dependencies['@pl-ts/runtime']).toBe('file:../runtime.tgz');
  expect(packageJson('packed').devDependencies['@pl-ts/transformer']).toBe('~0.1.0');
});

test('makes a repository, but none inside another', async () => {
  await run({ args: ['outer'], flags: { skipGit: false } });
  expect(existsSync(join(cwd, 'outer/.git'))).toBe(true);
  await run({ args: ['outer/inner'], flags: { skipGit: false } });
  expect(existsSync(join(cwd, 'outer/inner/.git'))).toBe(false);
});
