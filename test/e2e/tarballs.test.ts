import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TestAdapter } from '@yeoman/adapter/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEnv } from 'yeoman-environment';
import { succeed } from './program.js';

const checkout = realpathSync(fileURLToPath(new URL('../..', import.meta.url)));
const npmInstall = ['install', '--no-audit', '--no-fund', '--prefer-offline'];

let root: string;

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pl-tarballs-')));
});

afterAll(() => rmSync(root, { recursive: true }));

/**
 * A module that programs load first. It appends what the program loads to a log: ES modules as they are resolved,
 * CommonJS modules and native libraries when the process ends.
 */
const recorder = (log: string) => `
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
const { cache } = createRequire(import.meta.url);
register('data:text/javascript,' + encodeURIComponent(\`
  import { appendFileSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const result = await next(specifier, context);
    if (result.url.startsWith('file:')) appendFileSync(${JSON.stringify(log)}, new URL(result.url).pathname + '\\\\n');
    return result;
  }
\`));
process.on('exit', () => {
  const libraries = process.report.getReport().sharedObjects;
  appendFileSync(${JSON.stringify(log)}, [...Object.keys(cache), ...libraries].join('\\n') + '\\n');
});
`;

test('three tarballs are all that a project needs: nothing leads back to the checkout', async () => {
  const pack = ['pack', '--silent', '--workspaces', '--include-workspace-root', '--pack-destination', root];
  await succeed('npm', pack, { cwd: checkout });
  const tarball = (name: string) =>
    join(root, readdirSync(root).find((file) => file.startsWith(`${name}-0`))!);

  // The generator, from its package.
  const tools = join(root, 'tools');
  mkdirSync(tools);
  writeFileSync(join(tools, 'package.json'), '{}');
  await succeed('npm', [...npmInstall, tarball('generator-pl')], { cwd: tools });
  const env = createEnv({ cwd: root, adapter: new TestAdapter() });
  const [generator] = await env.lookup({ packagePaths: [join(tools, 'node_modules/generator-pl')] });
  expect(generator?.namespace).toBe('pl:app');
  const options = {
    runtime: tarball('pl-ts-runtime'),
    transformer: tarball('pl-ts-transformer'),
    skipGit: true,
    skipInstall: true,
  };
  await env.run(['pl:app', 'project'], options);

  // The project: installed, built, trained.
  const cwd = join(root, 'project');
  await succeed('npm', npmInstall, { cwd });
  const log = join(root, 'loaded.txt');
  writeFileSync(join(root, 'recorder.mjs'), recorder(log));
  const recorded = { cwd, env: { NODE_OPTIONS: `--import ${pathToFileURL(join(root, 'recorder.mjs'))}` } };
  await succeed('npm', ['run', 'build'], recorded);
  const oneEpoch = ['--trainer.maxEpochs', '1', '--trainer.limitTrainBatches', '4'];
  await succeed('npm', ['run', 'train', '--', ...oneEpoch], recorded);

  const loaded = new Set(readFileSync(log, 'utf8').split('\n'));
  const from = (folder: string) => [...loaded].filter((file) => realpathOf(file).startsWith(folder + sep));
  expect(from(checkout)).toEqual([]);
  // The record is complete: it holds the program, the runtime, its native engine, the compiler.
  const project = from(join(cwd));
  for (const part of [
    'dist/main.js',
    '@pl-ts/runtime/dist/index.js',
    'onnxruntime_binding.node',
    '@pl-ts/transformer/dist/',
    'ts-morph',
    '@tensorflow/tfjs-core',
  ]) {
    expect(
      project.some((file) => file.includes(part)),
      part,
    ).toBe(true);
  }
  // And there is one copy of TensorFlow.js.
  const cores = new Set(
    project.map((file) => /^(.*@tensorflow\/tfjs-core)\//.exec(file)?.[1]).filter(Boolean),
  );
  expect(cores.size).toBe(1);
}, 600_000);

function realpathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
