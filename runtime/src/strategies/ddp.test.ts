import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { readCheckpoint } from '../checkpoint/checkpoint.js';
import type { ProgramOptions, RankResult } from './ddp-program.test.support.js';
import { type RankOutcome, runNode } from './ranks.test.support.js';

const program = fileURLToPath(new URL('ddp-program.test.support.ts', import.meta.url));
const tsconfig = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));

// Real processes, several in each test.
vi.setConfig({ testTimeout: 180_000 });

interface Run extends RankOutcome {
  folder: string;
  ranks: RankResult[];
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ddp-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the program as a user would, in one process that may start others. */
async function run(
  options: Omit<ProgramOptions, 'folder'>,
  { folder = makeFolder(), env = {} }: { folder?: string; env?: Record<string, string> } = {},
): Promise<Run> {
  const args = ['--import', 'tsx', program, JSON.stringify({ ...options, folder })];
  const outcome = await runNode(args, { TSX_TSCONFIG_PATH: tsconfig, ...env });
  const { devices = 1 } = options.trainer;
  const ranks = Array.from({ length: Number(devices) }, (_, rank) => join(folder, `rank-${rank}.json`))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as RankResult);
  return { ...outcome, folder, ranks };
}

/** As `run`, for runs that a test takes for granted. */
async function succeed(...args: Parameters<typeof run>): Promise<Run> {
  const outcome = await run(...args);
  if (outcome.exitCode !== 0) throw new Error(outcome.stderr);
  return outcome;
}

/** The largest difference, relative to the largest weight. Buffers, which follow rank 0, are left out. */
function difference(a: RankResult, b: RankResult): number {
  const weights = (result: RankResult) => result.weights.slice(0, -8);
  const largest = Math.max(...weights(b).map(Math.abs));
  return Math.max(...weights(a).map((weight, i) => Math.abs(weight - weights(b)[i]!))) / largest;
}

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
/** Paths of what a run has saved. */
function checkpoints(runFolder: string): string[] {
  const folder = join(runFolder, 'lightning_logs/version_0/checkpoints');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ckpt'))
    .map((name) => join(folder, name));
}

describe('several processes', () => {
  test('take the steps of one process on the joined batch, and have the same bits', async () => {
    const trainer = { maxSteps: 50, accumulateGradBatches: 2, gradientClipVal: 1 };
    const single = await succeed({ trainer, batchSize: 12 });
    for (const devices of [2, 4]) {
      const { ranks, folder, stderr } = await succeed({
        trainer: { ...trainer, devices },
        batchSize: 12 / devices,
      });
      expect(ranks.map(({ rank, worldSize, globalStep }) => [rank, worldSize, globalStep])).toEqual(
        ranks.map((_, rank) => [rank, devices, 50]),
      );
      expect(new Set(ranks.map(({ digest }) => digest)).size).toBe(1);
      expect(difference(ranks[0]!, single.ranks[0]!)).toBeLessThan(1e-6);

      const { trainedOn, metrics, tested } = single.ranks[0]!;
      trainedOn.forEach((batch, step) => {
        expect(sorted(ranks.flatMap((rank) => rank.trainedOn[step]!))).toEqual(sorted(batch));
      });
      // Nothing doubled, nothing dropped.
      expect(sorted(ranks.flatMap(({ testedOn }) => testedOn))).toEqual(
        Array.from({ length: 96 }, (_, i) => i),
      );
      for (const rank of ranks) {
        expect(rank.metrics.val_loss).toBeCloseTo(metrics.val_loss!, 6);
        expect(rank.metrics.train_loss_epoch).toBeCloseTo(metrics.train_loss_epoch!, 5);
        expect(rank.metrics).toMatchObject({ val_count: 96, largest_rank: devices - 1 });
        expect(rank.tested.test_loss).toBeCloseTo(tested.test_loss!, 6);
        expect(rank.gathered).toEqual(ranks.map((_, i) => i));
        // In fit and in test, of which the first process alone prepares the data.
        expect(rank.prepared).toBe(rank.rank === 0 ? 2 : 0);
        expect(rank.logDir).toBe(join(folder, 'lightning_logs/version_0'));
      }
      expect(readdirSync(join(folder, 'lightning_logs'))).toEqual(['version_0']);
      expect(stderr).not.toMatch(/rank \d/);
    }
  });

  test('go on from a checkpoint as if nothing had been, with orders and dropout masks of each', async () => {
    const common = { batchSize: 8, dropout: 0.5, shuffle: true, optimizer: 'adam' as const };
    const whole = await succeed({ ...common, saveEvery: 9, trainer: { devices: 2, maxEpochs: 3 } });
    // In the middle of the second epoch.
    const ckptPath = checkpoints(whole.folder).find((path) => path.endsWith('step=9.ckpt'))!;
    const resumed = await succeed({ ...common, trainer: { devices: 2, maxEpochs: 3 }, ckptPath });

    const [a, b] = whole.ranks as [RankResult, RankResult];
    expect(a.masks).not.toEqual(b.masks);
    expect(a.trainedOn.slice(0, 6)).not.toEqual(a.trainedOn.slice(6, 12));
    for (const [rank, { digest, trainedOn, masks }] of whole.ranks.entries()) {
      expect(resumed.ranks[rank]!.digest).toBe(digest);
      expect(resumed.ranks[rank]!.trainedOn).toEqual(trainedOn.slice(9));
      expect(resumed.ranks[rank]!.masks).toEqual(masks.slice(9));
    }
  });

  test('share the state of the optimizer under ddp_sharded, and come to the same weights and checkpoint', async () => {
    const common = { batchSize: 8, optimizer: 'adam' as const };
    const whole = await succeed({ ...common, trainer: { devices: 2, maxSteps: 12 } });
    const divided = await succeed({
      ...common,
      trainer: { devices: 2, maxSteps: 12, strategy: 'ddp_sharded' },
    });
    expect(divided.ranks.map(({ digest }) => digest)).toEqual(whole.ranks.map(({ digest }) => digest));
    // 6 × 8 + 8 + 8 × 3 parameters with two slots each
    expect(whole.ranks.map(({ stateSize }) => stateSize)).toEqual([160, 160]);
    expect(divided.ranks.map(({ stateSize }) => stateSize)).toEqual([96, 64]);

    const saved = await Promise.all(
      [whole, divided].map(({ folder }) => readCheckpoint(checkpoints(folder)[0]!)),
    );
    const [ofWhole, ofDivided] = saved.map(({ optimizerStates }) => optimizerStates);
    expect([...ofDivided!.tensors.keys()].sort()).toEqual([...ofWhole!.tensors.keys()].sort());
    for (const [name, tensor] of ofWhole!.tensors) expect(ofDivided!.tensors.get(name)).toEqual(tensor);
    expect(ofDivided!.scalars).toEqual(ofWhole!.scalars);

    const [ckptPath] = checkpoints(divided.folder) as [string];
    const [longer, resumed] = [
      await succeed({ ...common, trainer: { devices: 2, maxSteps: 18 } }),
      await succeed({ ...common, trainer: { devices: 2, maxSteps: 18, strategy: 'ddp_sharded' }, ckptPath }),
    ];
    expect(resumed.ranks.map(({ digest }) => digest)).toEqual(longer.ranks.map(({ digest }) => digest));
  });

  test('stop after the same batch when one of them asks for it', async () => {
    const { ranks } = await succeed({
      trainer: { devices: 2, maxEpochs: 5 },
      batchSize: 8,
      misbehave: { rank: 1, step: 8, how: 'stop' },
    });
    expect(ranks.map(({ globalStep }) => globalStep)).toEqual([9, 9]);
    expect(ranks[0]!.digest).toBe(ranks[1]!.digest);
  });

  test('that torchrun started are joined, not started again', async () => {
    const folder = makeFolder();
    const port = String(await freePort());
    const variables = { WORLD_SIZE: '2', LOCAL_WORLD_SIZE: '2', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port };
    const torchrun = { TORCHELASTIC_RUN_ID: 'none', TORCHELASTIC_RESTART_COUNT: '0', GROUP_RANK: '0' };
    const outcomes = await Promise.all(
      ['0', '1'].map((rank) =>
        run(
          { trainer: { maxSteps: 3, devices: 2 }, batchSize: 8 },
          { folder, env: { ...variables, ...torchrun, RANK: rank, LOCAL_RANK: rank } },
        ),
      ),
    );
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(outcomes[0]!.ranks.map(({ worldSize }) => worldSize)).toEqual([2, 2]);
  });

  test('on several hosts are refused, with what to install', async () => {
    const { stderr, exitCode } = await run(
      { trainer: { devices: 2, numNodes: 2 }, batchSize: 8 },
      {
        env: {
          ...{ WORLD_SIZE: '4', LOCAL_WORLD_SIZE: '2', RANK: '2', LOCAL_RANK: '0', GROUP_RANK: '1' },
          ...{ MASTER_ADDR: 'node-0', MASTER_PORT: '29500', TORCHELASTIC_RUN_ID: 'job' },
        },
      },
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/PL8001/);
    expect(stderr).toMatch(/apt-get install libtorch-dev libgloo-dev/);
  });
});

describe('a parameter without gradient', () => {
  const misbehave = { rank: 1, step: 0, how: 'skipHead' as const };

  test('on one rank is an error that names it and the rank', async () => {
    const { stderr, exitCode } = await run({ trainer: { devices: 2, maxSteps: 4 }, batchSize: 8, misbehave });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/the loss did not reach every parameter: on rank 1 'head'\./);
    expect(stderr).toMatch(/ddp_find_unused_parameters_true/);
  });

  test('counts as zero under ddp_find_unused_parameters_true', async () => {
    const { ranks } = await succeed({
      trainer: { devices: 2, maxSteps: 4, strategy: 'ddp_find_unused_parameters_true' },
      batchSize: 8,
      misbehave,
    });
    expect(ranks.map(({ globalStep }) => globalStep)).toEqual([4, 4]);
    expect(ranks[0]!.digest).toBe(ranks[1]!.digest);
  });
});

test('training data that ends earlier on one rank is an error that names it', async () => {
  const { stderr, exitCode } = await run({
    trainer: { devices: 2, maxEpochs: 1 },
    batchSize: 4,
    streams: [5, 3],
  });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/the training data of rank 1 ends after 3 batches, that of rank 0 goes on/);
});

describe('when a rank', () => {
  /** Runs three processes of which one goes wrong, and looks at what is left. */
  async function goWrong(how: 'throw' | 'die' | 'hang', rank: number): Promise<Run> {
    const outcome = await run({
      trainer: { devices: 3, maxEpochs: 20, processGroupTimeout: how === 'hang' ? 8 : 60 },
      batchSize: 8,
      misbehave: { rank, step: 9, how },
    });
    await expectNobodyLeft(outcome.folder);
    const [saved, ...others] = checkpoints(outcome.folder);
    expect(others).toEqual([]);
    const checkpoint = await readCheckpoint(saved!);
    expect(checkpoint.globalStep).toBe(8);
    return outcome;
  }

  async function expectNobodyLeft(folder: string): Promise<void> {
    const pids = readdirSync(folder).filter((name) => name.startsWith('pid-'));
    expect(pids).toHaveLength(3);
    // Who lost its launcher looks for it twice a second.
    const deadline = performance.now() + 20_000;
    const left = () => pids.filter((name) => isRunning(Number(readFileSync(join(folder, name), 'utf8'))));
    while (left().length > 0 && performance.now() < deadline) await new Promise((r) => setTimeout(r, 50));
    expect(left()).toEqual([]);
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

  test('is killed, the others end with its rank and the signal', async () => {
    const { stderr, exitCode } = await goWrong('die', 2);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/PLError\]: rank 2 \(process \d+\) (was killed by SIGKILL|died)/m);
  });

  test('hangs, the others end after the timeout with its rank', async () => {
    const { stderr, exitCode } = await goWrong('hang', 1);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/PLError\]: rank 1 \(process \d+\) did not come to \w+ within 8 s/m);
  });

  test('that started the others is killed or hangs, they end too', async () => {
    const killed = await goWrong('die', 0);
    expect(killed.signal).toBe('SIGKILL');
    const hung = await goWrong('hang', 0);
    expect(hung.signal).toBe('SIGKILL');
    expect(hung.stderr).toMatch(/rank 0 \(process \d+\) did not come to \w+ within 8 s/);
  });
});

function isRunning(pid: number): boolean {
  try {
    // A process that ended but was not asked for its exit code is none.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
