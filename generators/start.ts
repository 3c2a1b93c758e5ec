/**
 * `npm start` in a checkout: the whole way on real data. Scaffolds a project with the generator, installs it against
 * this checkout, builds it, trains it and tests what it learned.
 */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEnv } from 'yeoman-environment';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = 'demo';
const demo = join(root, folder);

/** A step did not succeed; its own output is already on the terminal. */
class FailedStep extends Error {
  constructor(
    readonly command: string,
    readonly exitCode: number,
  ) {
    super(`${command} failed with exit code ${exitCode}: its own message is above.`);
  }
}

const started = performance.now();
try {
  await start();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof FailedStep ? error.exitCode : 1;
}

async function start() {
  await scaffold();
  const installStarted = performance.now();
  await step('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']);
  const installTime = performance.now() - installStarted;

  await step('npm', ['run', '--silent', 'build']);
  await step('npm', ['run', '--silent', 'train']);
  const report = await step('npm', ['run', '--silent', 'test']);

  const accuracy = /^test_acc\s+(\S+)$/m.exec(report)?.[1];
  if (accuracy === undefined) throw new Error('The test run did not report test_acc.');
  const total = performance.now() - started;
  console.log(`
Test accuracy ${Number(accuracy).toFixed(4)}, ${seconds(total)} in all, ${seconds(installTime)} of it npm install.

Next:

  cd ${folder}
  npm run train -- --ckpt-path last --trainer.maxEpochs 20   go on where the run stopped
  npm run train -- --model.learningRate 0.01                 train with another learning rate
  npm run predict                                            what the best checkpoint sees in the test images
  npx pl run fit --help                                      every setting there is
  npm run test:unit                                          the project's own tests

The model is src/model.ts, its data src/data.ts: change them, then npm run build.`);
}

async function scaffold() {
  if (existsSync(demo)) {
    if (!isOurs()) {
      throw new Error(
        `${demo} exists and is not a project that npm start made.\n  Move it away or delete it, then run npm start again.`,
      );
    }
    console.log(`${folder}/ is there from an earlier start and is kept as it is. Delete it for a fresh one.`);
    return;
  }
  const env = createEnv({ cwd: root });
  env.register(join(root, 'dist/generators/app/index.js'), { namespace: 'pl:app' });
  const options = { defaults: true, link: true, skipGit: true, skipInstall: true };
  await env.run(['pl:app', folder], options);
}

/** Only a project that links this very checkout was made here. */
function isOurs(): boolean {
  try {
    const { dependencies } = JSON.parse(readFileSync(join(demo, 'package.json'), 'utf8'));
    return dependencies['@pl-ts/runtime'] === 'file:../runtime';
  } catch {
    return false;
  }
}

/** Runs a command in the demo project, its output on the terminal; resolves to what it wrote to stdout. */
function step(command: string, args: string[]): Promise<string> {
  console.log(`\n$ ${command} ${args.filter((arg) => !arg.startsWith('--')).join(' ')}`);
  const isTest = args.at(-1) === 'test';
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: demo,
      stdio: ['inherit', isTest ? 'pipe' : 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new FailedStep([command, ...args].join(' '), code ?? (signal === 'SIGINT' ? 130 : 1)));
    });
  });
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(0)} s`;
}
