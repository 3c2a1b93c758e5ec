import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { workplace } from './digits-project.js';
import { succeed } from './program.js';

test('trains, goes on where it stopped, and reads digits that it has never seen', async () => {
  const place = workplace();
  const first = await place.run(['fit', '--trainer.maxEpochs', '4']);
  expect(first.stderr + first.stdout).toContain('Epoch 4/4');
  expect(first.exitCode).toBe(0);
  expect(place.written()).toEqual(
    expect.arrayContaining([
      'lightning_logs/version_0/config.json',
      'lightning_logs/version_0/metrics.csv',
      expect.stringMatching(/^lightning_logs\/version_0\/checkpoints\/epoch=\d-step=\d+\.ckpt$/),
    ]),
  );
  const config = JSON.parse(readFileSync(place.path('lightning_logs/version_0/config.json'), 'utf8'));
  expect(config).toMatchObject({ seed: 42, trainer: { maxEpochs: 4 }, model: { dropout: 0.25 } });

  const resumed = await place.run(['fit', '--ckpt-path', 'last', '--trainer.maxEpochs', '10']);
  expect(resumed.exitCode).toBe(0);
  expect(resumed.stderr + resumed.stdout).not.toContain('Epoch 1/');
  expect(resumed.stderr + resumed.stdout).toContain('Epoch 10/10');

  const tested = await place.run(['test']);
  expect(tested.exitCode).toBe(0);
  expect(Number(/^test_acc\s+(\S+)$/m.exec(tested.stdout)?.[1])).toBeGreaterThanOrEqual(0.97);

  const validated = await place.run(['validate']);
  expect(validated.exitCode).toBe(0);
  expect(Number(/^val_acc\s+(\S+)$/m.exec(validated.stdout)?.[1])).toBeGreaterThanOrEqual(0.9);

  const predicted = await place.run(['predict']);
  expect(predicted.exitCode).toBe(0);
  const [file] = place.written().filter((path) => path.endsWith('predictions.json'));
  const [batches] = JSON.parse(readFileSync(place.path(file!), 'utf8'));
  expect(batches.flatMap(({ digit }: { digit: number[] }) => digit)).toHaveLength(359);
  expect(batches[0].probability[0]).toBeGreaterThan(0.1);
});

test('says what it would run with, and lists every setting', async () => {
  const place = workplace();
  const config = await place.run(['fit', '--print-config', '--model.dropout', '0.5'], {
    env: { PL_TRAINER_MAX_EPOCHS: '3' },
  });
  expect(config.exitCode).toBe(0);
  expect(config.stdout).toMatch(/dropout: 0\.5\b.*--model\.dropout/);
  expect(config.stdout).toMatch(/maxEpochs: 3\b.*PL_TRAINER_MAX_EPOCHS/);
  expect(config.stdout).toMatch(/learningRate: 0\.005\b.*config\.yaml/);
  const help = await place.run(['--help']);
  expect(help.exitCode).toBe(0);
  for (const setting of [
    '--trainer.maxEpochs',
    '--model.hiddenUnits',
    '--data.batchSize',
    '--checkpoint.monitor',
  ]) {
    expect(help.stdout).toContain(setting);
  }
  expect(place.written()).toEqual(['config.yaml', 'package.json', 'tsconfig.json']);
});

test('a reader that closes the pipe ends neither the program nor a run', async () => {
  const place = workplace();
  const pl = 'node node_modules/@pl-ts/transformer/bin/pl.js run';
  const piped = `(${pl} fit --trainer.maxEpochs 1 2>&1; echo $? > exit-code) | head -1`;
  await succeed('sh', ['-c', piped], { cwd: place.folder });
  expect(readFileSync(place.path('exit-code'), 'utf8').trim()).toBe('0');
  expect(place.checkpoints()).toHaveLength(1);
});

test('the build writes what it promises, and finds it up to date the next time', async () => {
  const project = inject('digitsProject');
  expect(readFileSync(join(project, '.env.example'), 'utf8')).toContain('# PL_MODEL_HIDDEN_UNITS=128');
  const check = await succeed('npx', ['pl', 'generate', '--check'], { cwd: project });
  expect(check.stdout).toBe('');
  for (const file of ['hooks.ts', 'fit-loop.ts', 'config.ts', 'metrics.ts', 'config.schema.json']) {
    expect(existsSync(join(project, 'src/generated', file)), file).toBe(true);
  }
});

test('wrong code does not build, and nothing is written', async () => {
  const place = workplace();
  const src = place.path('src');
  rmSync(src);
  cpSync(join(inject('digitsProject'), 'src'), src, { recursive: true });
  const model = readFileSync(join(src, 'model.ts'), 'utf8');
  writeFileSync(
    join(src, 'model.ts'),
    model.replace("@Hook('configure_optimizers')", "@Hook('configure_optimizer')"),
  );
  const before = place.written();
  const { exitCode, stdout } = await place.pl(['generate']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^src\/model\.ts\(\d+,\d+\): error PL1\d{3}: .*configure_optimizers/m);
  expect(stdout).not.toMatch(/^\s+at /m);
  expect(place.written()).toEqual(before);

  writeFileSync(join(src, 'model.ts'), model.replace('test_acc', 'test_accuracy'));
  const check = await place.pl(['generate', '--check']);
  expect(check.exitCode).toBe(1);
  expect(check.stdout).toContain('src/generated/metrics.ts');
  expect(place.written()).toEqual(before);
});

test("the project's own tests pass", async () => {
  const { stdout } = await succeed('npm', ['run', 'test:unit'], { cwd: inject('digitsProject') });
  expect(stdout).toMatch(/Tests\s+4 passed/);
});
