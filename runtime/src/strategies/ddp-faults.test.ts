import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import type { Scenario } from './ddp-program.test.support.js';
import { checkpoints, difference, makeFolder, type Run, runOne, succeed } from './ddp-runs.test.support.js';

// Real processes, several in each test.
vi.setConfig({ testTimeout: 180_000 });

describe('a run is refused', () => {
  test('on several hosts without libtorch, with what to install', async () => {
    const { stderr, exitCode } = await runOne(
      { trainer: { devices: 2, numNodes: 2 }, batchSize: 8 },
      {
        env: {
          ...{ WORLD_SIZE: '4', LOCAL_WORLD_SIZE: '2', RANK: '2', LOCAL_RANK: '0', GROUP_RANK: '1' },
          ...{ MASTER_ADDR: 'node-0', MASTER_PORT: '29500', TORCHELASTIC_RUN_ID: 'job' },
          PL_LIBTORCH: '/no/libtorch/here',
        },
      },
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/PL8001/);
    expect(stderr).toMatch(/apt-get install libtorch-dev libgloo-dev/);
  });

  test('when the loss does not reach a parameter on one rank, with its name and the rank', async () => {
    const { stderr, exitCode } = await runOne({
      trainer: { devices: 2, maxSteps: 4 },
      batchSize: 8,
      misbehave: { rank: 1, step: 0, how: 'skipHead' },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the loss did not reach every parameter: on rank 1 'head'\./);
    expect(stderr).toMatch(/ddp_find_unused_parameters_true/);
  });

  test('when the training data ends earlier on one rank, with its name', async () => {
    const { stderr, exitCode } = await runOne({
      trainer: { devices: 2, maxEpochs: 1 },
      batchSize: 4,
      streams: [5, 3],
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the training data of rank 1 ends after 3 batches, that of rank 0 goes on/);
  });
});

describe('when a rank', () => {
  /** Runs three processes of which one goes wrong in the third epoch, and looks at what is left. */
  async function goWrong(how: 'throw' | 'die' | 'hang' | 'freeze', rank: number): Promise<Run> {
    const outcome = await runOne({
      trainer: { devices: 3, maxEpochs: 20, processGroupTimeout: ['hang', 'freeze'].includes(how) ? 8 : 60 },
      batchSize: 8,
      misbehave: { rank, step: 9, how },
    });
    await expectNobodyLeft(outcome.folder, 3);
    const [saved, ...others] = checkpoints(outcome.folder);
    expect(others).toEqual([]);
    expect((await readCheckpoint(saved!)).globalStep).toBe(8);
    return outcome;
  }

  test('throws, the others end with its rank and message', async () => {
    const { stderr, exitCode } = await goWrong('throw', 1);
    expect(exitCode).toBe(1);
    // Rank 0 says so, rank 1 itself, and rank 2.
    expect(stderr).toMatch(/PLError\]: rank 1 \(process \d+\) failed: the sample is broken/m);
    expect(stderr).toMatch(/^\[rank 1\] ended with an error/m);
    expect(stderr).toMatch(/^Error: the sample is broken/m);
    expect(stderr).toMatch(/^\[rank 2\] ended with an error/m);
  });

  test('is killed, the others end with its rank and the signal, those that it started too', async () => {
    const [other, first] = await Promise.all([goWrong('die', 2), goWrong('die', 0)]);
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(/PLError\]: rank 2 \(process \d+\) (was killed by SIGKILL|died)/m);
    expect(first.signal).toBe('SIGKILL');
  });

  test('is stopped or hangs, the others end after the timeout with its rank, those that it started too', async () => {
    const [other, first] = await Promise.all([goWrong('freeze', 1), goWrong('hang', 0)]);
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toMatch(/PLError\]: rank 1 \(process \d+\) did not come to \w+ within 8 s/m);
    expect(first.signal).toBe('SIGKILL');
    expect(first.stderr).toMatch(/rank 0 \(process \d+\) did not come to \w+ within 8 s/);
  });
});

test('the first process saves what an error on another leaves, and training goes on from it', async () => {
  const plan = {
    trainer: { devices: 2, maxSteps: 12 },
    batchSize: 8,
    optimizer: 'adam',
    shuffle: true,
    checkpoint: { saveOnException: true, everyNEpochs: 100 },
  } as const;
  const folder = makeFolder();
  // In the second epoch of six steps.
  const failed = await runOne({ ...plan, misbehave: { rank: 1, step: 9, how: 'throw' } }, { folder });
  expect(failed.exitCode).toBe(1);
  await expectNobodyLeft(folder, 2);
  const [ckptPath, ...others] = checkpoints(folder);
  expect(others).toEqual([]);
  const scenarios: Scenario[] = [
    { name: 'resumed', ...plan, ckptPath: ckptPath! },
    { name: 'whole', ...plan },
  ];
  const { resumed, whole } = await succeed(scenarios, { folder });
  for (const [rank, result] of resumed!.entries()) {
    expect(difference(result, whole![rank]!)).toBe(0);
    expect(result.trainedOn).toEqual(whole![rank]!.trainedOn.slice(9));
  }
});

test('a signal to one process lets all finish the batch, save once, and end', async () => {
  const { exitCode, stderr, folder } = await runOne({
    trainer: { devices: 2, maxSteps: 1000 },
    batchSize: 8,
    misbehave: { rank: 1, step: 9, how: 'terminate' },
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/Interruption: interrupted by SIGTERM/);
  await expectNobodyLeft(folder, 2);
  const interrupted = checkpoints(folder).filter((path) => path.includes('interrupted'));
  expect(interrupted).toHaveLength(1);
  const { loops, globalStep } = await readCheckpoint(interrupted[0]!);
  expect(globalStep).toBeGreaterThan(9);
  expect(loops).toMatchObject({ worldSize: 2, ranks: [{}, {}] });
});

async function expectNobodyLeft(folder: string, processes: number): Promise<void> {
  const pids = readdirSync(folder)
    .filter((name) => name.startsWith('pid-'))
    .map((name) => Number(name.slice(4)));
  expect(pids).toHaveLength(processes);
  // Who lost its launcher looks for it twice a second.
  const deadline = performance.now() + 20_000;
  const left = () => pids.filter(isRunning);
  while (left().length > 0 && performance.now() < deadline) await new Promise((r) => setTimeout(r, 50));
  expect(left()).toEqual([]);
}

function isRunning(pid: number): boolean {
  try {
    // A process that ended but was not asked for its exit code is none.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
