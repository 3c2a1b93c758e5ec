import { randomFillSync } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workplace } from './digits-project.js';
import type { Outcome } from './program.js';

let place: Workplace;
let checkpoint: string;

beforeAll(async () => {
  place = new Workplace();
  const oneStep = ['--trainer.maxEpochs', '1', '--trainer.limitTrainBatches', '1'];
  const { exitCode, stderr } = await place.run(['fit', ...oneStep]);
  expect(exitCode, stderr).toBe(0);
  [checkpoint] = place.checkpoints() as [string];
});

afterAll(() => rmSync(place.folder, { recursive: true }));

interface Mistake {
  args: string[];
  env?: Record<string, string>;
  /** Files to write before the run, by path. */
  files?: Record<string, string | Buffer>;
  /** What the message says. */
  says: RegExp[];
}

/** Runs the program and expects a short explanation: a code, a next step, no stack trace, and no trace on the disk. */
async function expectExplained({ args, env = {}, files = {}, says }: Mistake) {
  for (const [path, content] of Object.entries(files)) writeFileSync(place.path(path), content);
  const before = place.written();
  const outcome = await place.run(args, { env });
  expectFewLines(outcome);
  for (const pattern of says) expect(outcome.stderr).toMatch(pattern);
  expect(place.written()).toEqual(before);
  for (const path of Object.keys(files)) rmSync(place.path(path));
}

function expectFewLines({ exitCode, stderr }: Outcome) {
  expect(exitCode, stderr).toBe(1);
  expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
  // What a run has shown before, such as the model's summary, stays above it.
  const explanation = stderr
    .slice(stderr.search(/\berror PL\d{4}: /))
    .trim()
    .split('\n');
  expect(explanation[0]).toMatch(/^error PL\d{4}: /);
  expect(explanation.length).toBeLessThanOrEqual(6);
}

describe('checkpoints', () => {
  const damage: [string, (file: Buffer) => Buffer, RegExp][] = [
    ['cut', (file) => file.subarray(0, file.length / 2), /cut|ends|shorter|bytes/],
    ['with a flipped bit in its header', flipHeaderBit, /header/],
    ['of random bytes', () => randomFillSync(Buffer.alloc(4096)), /header/],
    ['that is empty', () => Buffer.alloc(0), /empty|0 bytes|header/],
  ];

  test.each(damage)('refuses a file %s, to train from it and to test it', async (_, damaged, says) => {
    const files = { 'damaged.ckpt': damaged(readFileSync(place.path(checkpoint))) };
    for (const command of ['fit', 'test']) {
      await expectExplained({
        args: [command, '--ckpt-path', 'damaged.ckpt'],
        files,
        says: [/damaged\.ckpt/, says],
      });
    }
  });

  test('of another model: names the tensors that differ', async () => {
    await expectExplained({
      args: ['test', '--ckpt-path', checkpoint, '--model.hiddenUnits', '64'],
      says: [/net\.\S+/, /1024, ?128|128/, /64/],
    });
  });

  test('that does not exist, or not yet', async () => {
    await expectExplained({ args: ['test', '--ckpt-path', 'none.ckpt'], says: [/none\.ckpt/] });
    await expectExplained({
      args: ['test', '--trainer.defaultRootDir', 'elsewhere'],
      says: [/no checkpoint/, /--ckpt-path/],
    });
  });
});

describe('settings', () => {
  const mistakes: [string, Mistake][] = [
    [
      'an unknown flag',
      { args: ['fit', '--trainer.maxEpoch', '3'], says: [/--trainer\.maxEpoch\b/, /maxEpochs/] },
    ],
    ['a flag of the wrong type', { args: ['fit', '--trainer.maxEpochs', 'many'], says: [/many/, /integer/] }],
    [
      'an unknown variable',
      {
        args: ['fit'],
        env: { PL_TRAINER_MAX_EPOCH: '3' },
        says: [/PL_TRAINER_MAX_EPOCH\b/, /PL_TRAINER_MAX_EPOCHS/],
      },
    ],
    [
      'a variable of the wrong type',
      { args: ['fit'], env: { PL_DATA_BATCH_SIZE: '[1' }, says: [/PL_DATA_BATCH_SIZE/, /integer/] },
    ],
    [
      'an unknown key in a file',
      {
        args: ['fit', '--config', 'wrong.yaml'],
        files: { 'wrong.yaml': 'model:\n  learningrate: 1\n' },
        says: [/wrong\.yaml/, /2/, /learningRate/],
      },
    ],
    [
      'a file that is no YAML',
      { args: ['fit', '--config', 'wrong.yaml'], files: { 'wrong.yaml': 'model: {' }, says: [/wrong\.yaml/] },
    ],
    [
      'a metric that nobody logs',
      { args: ['fit', '--checkpoint.monitor', 'val_accuracy'], says: [/val_acc\b/] },
    ],
    ['an unknown command', { args: ['fitt'], says: [/fitt/, /Did you mean fit\b|fit/] }],
    ['two commands', { args: ['fit', 'test'], says: [/test/] }],
  ];

  test.each(mistakes)('%s', async (_, mistake) => {
    await expectExplained(mistake);
  });
});

describe('surroundings', () => {
  test('a missing data file', async () => {
    await expectExplained({
      args: ['fit', '--data.path', 'no.csv.gz'],
      says: [/no\.csv\.gz does not exist/],
    });
  });

  test('a log folder that cannot be written', async () => {
    const args = ['fit', '--trainer.maxEpochs', '1', '--trainer.defaultRootDir', 'config.yaml'];
    await expectExplained({ args, says: [/config\.yaml/] });
  });

  test('a loss that is no number any more', async () => {
    const args = ['fit', '--trainer.detectAnomaly', 'true', '--model.learningRate', '1e30'];
    const outcome = await place.run(args);
    expectFewLines(outcome);
    expect(outcome.stderr).toMatch(/gave (NaN|-?Infinity) in training_step/);
    expect(place.written().filter((path) => path.includes('tmp'))).toEqual([]);
  });

  test('a project that was not compiled', async () => {
    const bare = new Workplace();
    rmSync(bare.path('dist'));
    const outcome = await bare.run(['fit']);
    expectFewLines(outcome);
    expect(outcome.stderr).toMatch(/not compiled[\s\S]*npm run build/);
    rmSync(bare.folder, { recursive: true });
  });
});

/** Turns one bit of the JSON header, in the middle of it. */
function flipHeaderBit(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  const middle = 8 + Math.floor(Number(file.readBigUInt64LE(0)) / 2);
  copy[middle] = copy[middle]! ^ 0x80;
  return copy;
}
