import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { digitsProject } from './commands/digits-project.test.support.js';

vi.setConfig({ testTimeout: 120_000 });

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const command = ['--import', createRequire(import.meta.url).resolve('tsx'), cli];
const project = digitsProject();
const file = (...path: string[]) => join(project, ...path);

function pl(...args: string[]) {
  const options = { cwd: project, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], options);
  return { status, stdout, stderr };
}

function program(text: string): void {
  mkdirSync(file('dist'), { recursive: true });
  mkdirSync(file('src/generated'), { recursive: true });
  writeFileSync(file('dist/main.js'), text);
  utimesSync(file('dist/main.js'), new Date(), new Date(Date.now() + 5000));
}

test('pl run says so when the project was not compiled, and when the build is old', () => {
  expect(pl('run', 'fit')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'error PL1908: this project was not compiled: there is no dist/main.js.\n  Run: npm run build\n',
  });
  program('');
  utimesSync(file('src/model.ts'), new Date(), new Date(Date.now() + 9000));
  expect(pl('run', 'fit')).toEqual({
    status: 0,
    stdout: '',
    stderr: 'warning PL1909: src/model.ts is newer than the build. Run: npm run build\n',
  });
  utimesSync(file('src/model.ts'), new Date(), new Date());
  rmSync(file('src/generated'), { recursive: true });
  expect(pl('run', 'fit').stderr).toContain('there is no src/generated');
});

test('pl run gives the program its arguments, also those that pl has itself, and passes on the exit code', () => {
  program('console.log(process.argv.slice(1).join(" ")); process.exitCode = 3;');
  const { status, stdout, stderr } = pl('run', 'fit', '--help', '-p', '3', '--trainer.maxEpochs', '5');
  expect([status, stderr]).toEqual([3, '']);
  expect(stdout).toBe(`${file('dist/main.js')} fit --help -p 3 --trainer.maxEpochs 5\n`);
});

test('an interrupt reaches a program of pl run once', async () => {
  program(`
    let interrupts = 0;
    process.on('SIGINT', () => {
      interrupts++;
      setTimeout(() => { console.log('interrupts: ' + interrupts); process.exit(130); }, 300);
    });
    setInterval(() => {}, 1000);
    console.log('ready');
  `);
  // A process group of its own, as a terminal gives a command; Ctrl-C goes to the whole group.
  const child = spawn(process.execPath, [...command, 'run', 'fit'], { cwd: project, detached: true });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
    if (String(data).includes('ready')) process.kill(-child.pid!, 'SIGINT');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, output]).toEqual([130, 'ready\ninterrupts: 1\n']);
});

const reporter = `
  import { Callback, Hook } from '@pl-ts/runtime';
  export class Report extends Callback {
    @Hook('on_fit_start') begin() {}
  }`;

test('pl generate --watch generates again after each change', async () => {
  const watching = spawn(process.execPath, [...command, 'generate', '--watch'], { cwd: project });
  let output = '';
  watching.stdout.on('data', (data) => {
    output += data;
  });
  const printed = async (text: string) => {
    while (!output.includes(text)) await new Promise((resolve) => setTimeout(resolve, 20));
    output = '';
  };
  const edit = (path: string, from: string, to: string) => {
    writeFileSync(file(path), readFileSync(file(path), 'utf8').replaceAll(from, to));
  };
  /** As many editors save: the file is another one afterwards. */
  const replace = (path: string, from: string, to: string) => {
    writeFileSync(file('saved'), readFileSync(file(path), 'utf8').replaceAll(from, to));
    renameSync(file('saved'), file(path));
  };
  try {
    await printed('src/generated/metrics.ts');
    edit('src/model.ts', 'val_acc', 'val_accuracy');
    await printed('config.yaml(');
    edit('config.yaml', 'val_acc', 'val_accuracy');
    await printed('src/generated/metrics.ts');
    for (const name of ['test_first', 'test_second']) {
      replace(
        'src/model.ts',
        /'(test_(?:acc|first))'/.exec(readFileSync(file('src/model.ts'), 'utf8'))![1]!,
        name,
      );
      await printed('src/generated/metrics.ts');
    }
    mkdirSync(file('src/callbacks'));
    writeFileSync(file('src/callbacks/report.ts'), reporter);
    await printed('src/generated/hooks.ts');
    rmSync(file('src/callbacks'), { recursive: true });
    await printed('src/generated/hooks.ts');
    expect(readFileSync(file('src/generated/metrics.ts'), 'utf8')).toMatch(
      /val_accuracy: true;.*test_second: true;/s,
    );
  } finally {
    watching.kill();
  }
});

test('pl engine build says what keeps it from building', () => {
  vi.stubEnv('PL_LIBTORCH', file('libtorch'));
  const { status, stdout, stderr } = pl('engine', 'build');
  vi.unstubAllEnvs();
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^error PL6020: The torch engine needs libtorch, and the one in \S+libtorch cannot be used/,
  );
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  expect(pl('engine', 'build', '--jobs', '0').stderr).toContain('a whole number from 1 up');
});

test('pl explain tells about the codes of the compiler and of the runtime', () => {
  expect(pl('explain', 'pl1003').stdout).toMatch(/^PL1003: A method cannot serve its hook/);
  expect(pl('explain', '2006').stdout).toMatch(/^PL2006: /);
  expect(pl('explain', 'PL9999')).toMatchObject({ status: 1, stderr: expect.stringContaining('PL1910') });
});
