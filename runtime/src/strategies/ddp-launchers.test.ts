import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Scenario, ScenarioResult } from './ddp-program.test.support.js';
import { makeFolder, succeed } from './ddp-runs.test.support.js';
import { freePort } from './process-run.js';

// Real launchers and processes.
vi.setConfig({ testTimeout: 180_000 });

const succeeds = (command: string, args: string[]) => spawnSync(command, args).status === 0;
const hasMpirun = succeeds('mpirun', ['--version']);
/** Debian's own Python, which python3-torch belongs to, even where another comes first in PATH. */
const python = ['/usr/bin/python3', 'python3'].find((command) =>
  succeeds(command, ['-c', 'import torch.distributed.run']),
);

const folder = makeFolder();
const twelve = { name: 'twelve', trainer: { devices: 2, maxSteps: 12 }, batchSize: 8 } as const;
const digests = (ranks: readonly ScenarioResult[] | undefined) => ranks!.map(({ digest }) => digest);

let launchedByTrainer: Promise<string[]> | undefined;

/** What processes come to that the trainer has launched itself. */
function expected(): Promise<string[]> {
  launchedByTrainer ??= succeed([twelve]).then((results) => digests(results.twelve));
  return launchedByTrainer;
}

test('processes that mpirun started come to the weights of those that the trainer starts', async (context) => {
  if (!hasMpirun) context.skip('Open MPI is not installed: there is no mpirun');
  const launcher = ['mpirun', '--allow-run-as-root', '--oversubscribe', '-n', '2'];
  const { twelve: ranks } = await succeed([twelve], { launcher });
  expect(ranks!.map(({ rank, worldSize }) => [rank, worldSize])).toEqual([
    [0, 2],
    [1, 2],
  ]);
  expect(digests(ranks)).toEqual(await expected());
});

test('processes that torchrun starts again after a failure go on from the last checkpoint', async (context) => {
  if (python === undefined) context.skip('PyTorch is not installed: there is no torch.distributed.run');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const launcher = [
    ...[python!, '-m', 'torch.distributed.run', '--no_python', `--master_port=${await freePort()}`],
    ...['--nproc_per_node=2', '--max_restarts=1', '--monitor_interval=0.2'],
    // Of a rank that does not exist: without them PyTorch 1.13 fails on Python 3.11, whose flags iterate otherwise.
    ...['--redirects=9:3', '--tee=9:3'],
  ];
  const dirpath = join(folder, 'checkpoints');
  const scenario: Scenario = {
    ...twelve,
    checkpoint: { dirpath, saveLast: true },
    ckptPath: join(dirpath, 'last.ckpt'),
    // Epochs have six steps.
    misbehave: { rank: 1, step: 9, how: 'throw' },
  };
  const { twelve: ranks } = await succeed([scenario], { launcher, folder });
  expect(ranks!.map(({ trainedOn }) => trainedOn.length)).toEqual([6, 6]);
  expect(digests(ranks)).toEqual(await expected());
});
