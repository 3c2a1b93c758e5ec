import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workplace } from './digits-project.js';
import { differingTensors, readSafetensors } from './safetensors.js';

test('Ctrl-C ends the running batch, saves, and exits with 130; the run can go on from there', async () => {
  const place = workplace();
  const interrupted = await place.run(['fit', '--trainer.maxEpochs', '100'], {
    onLine: (line, kill) => {
      if (line.startsWith('Epoch 2/')) kill('SIGINT');
    },
  });
  expect(interrupted.exitCode).toBe(130);
  expect(interrupted.stderr).not.toMatch(/^\s+at /m);
  const checkpoint = /--ckpt-path '(.*\.ckpt)'/.exec(interrupted.stderr)?.[1];
  expect(checkpoint).toBeDefined();
  expect(existsSync(place.path(checkpoint!))).toBe(true);

  const epoch = Number(readSafetensors(place.path(checkpoint!)).metadata.epoch);
  const epochs = String(epoch + 2);
  const resumed = await place.run(['fit', '--ckpt-path', checkpoint!, '--trainer.maxEpochs', epochs]);
  expect(resumed.exitCode).toBe(0);
  expect(resumed.stdout + resumed.stderr).toContain(`Epoch ${epochs}/${epochs}`);
});

test('killed at any instant, a run goes on to the same weights, bit for bit', async () => {
  const settings = [
    ...['--trainer.maxEpochs', '4', '--trainer.limitTrainBatches', '10', '--trainer.logEveryNSteps', '1'],
    ...['--checkpoint.monitor', 'null', '--checkpoint.everyNTrainSteps', '3', '--checkpoint.saveTopK', '-1'],
  ];
  const whole = workplace();
  expect((await whole.run(['fit', ...settings])).exitCode).toBe(0);

  const broken = workplace();
  const killed = await broken.run(['fit', ...settings], {
    onLine: (line, kill) => {
      if (line.startsWith('Epoch 2/')) kill('SIGKILL');
    },
  });
  expect(killed.exitCode).toBe(137);
  expect(broken.checkpoints().length).toBeLessThan(whole.checkpoints().length);
  expect((await broken.run(['fit', '--ckpt-path', 'last', ...settings])).exitCode).toBe(0);

  const [expected, resumed] = [
    readSafetensors(whole.path(whole.checkpoints().at(-1)!)),
    readSafetensors(broken.path(broken.checkpoints(1).at(-1)!)),
  ];
  expect(expected.metadata.global_step).toBe(39);
  expect(resumed.metadata.global_step).toBe(39);
  expect(expected.tensors.size).toBeGreaterThan(16);
  expect(differingTensors(expected, resumed)).toEqual([]);
  for (const key of ['epoch', 'rng', 'samplers', 'loops', 'optimizer_states', 'hyper_parameters']) {
    expect(resumed.metadata[key], key).toEqual(expected.metadata[key]);
  }

  // The values that were logged after the break are those of the run that had none.
  const rows = (folder: string, version: number) =>
    readFileSync(join(folder, `lightning_logs/version_${version}/metrics.csv`), 'utf8')
      .trim()
      .split('\n');
  const continued = rows(broken.folder, 1).slice(1);
  expect(continued.length).toBeGreaterThan(5);
  expect(rows(whole.folder, 0).slice(-continued.length)).toEqual(continued);
});
