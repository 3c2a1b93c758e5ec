import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { freePort } from '../process-run.js';
import type { ClusterEnvironment } from './cluster-environment.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../..', import.meta.url));
const report = fileURLToPath(new URL('report-environment.test.support.ts', import.meta.url));
const program = [process.execPath, '--import', 'tsx', report];

const succeeds = (command: string, args: string[]) => spawnSync(command, args).status === 0;
const hasMpirun = succeeds('mpirun', ['--version']);
/** Debian's own Python, which python3-torch belongs to, even where another comes first in PATH. */
const python = ['/usr/bin/python3', 'python3'].find((command) =>
  succeeds(command, ['-c', 'import torch.distributed.run']),
);

type Report = ClusterEnvironment & { pid: number };

/** What the processes that a launcher started saw, by rank. */
async function reports(
  command: string,
  args: string[],
  variables: Record<string, string> = {},
): Promise<Report[]> {
  // What this process was launched with must not leak into theirs.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(OMPI_|PMIX_|SLURM_|TORCHELASTIC_|MASTER_|RANK|LOCAL_RANK|WORLD_SIZE)/.test(name),
    ),
  );
  const { stdout } = await run(command, [...args, ...program], { cwd: root, env: { ...env, ...variables } });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Report)
    .sort((a, b) => a.globalRank - b.globalRank);
}

// Starting PyTorch alone takes seconds, and more on a busy machine.
describe('processes that a launcher really started see their places', { timeout: 120_000 }, () => {
  test('mpirun', async (context) => {
    if (!hasMpirun) context.skip('Open MPI is not installed: there is no mpirun');
    const seen = await reports('mpirun', ['--allow-run-as-root', '--oversubscribe', '-n', '3']);
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ pid }) => pid)).size).toBe(3);
    seen.forEach((place, rank) => {
      expect(place).toMatchObject({
        name: 'open-mpi',
        createsProcessesExternally: true,
        globalRank: rank,
        localRank: rank,
        nodeRank: 0,
        worldSize: 3,
        localWorldSize: 3,
        mainAddress: '127.0.0.1',
        mainPort: seen[0]!.mainPort,
      });
    });
    expect(seen[0]!.mainPort).toBeGreaterThan(0);
  });

  const torchrun = async (...args: string[]) => [
    ...['-m', 'torch.distributed.run', '--no_python', `--master_port=${await freePort()}`, ...args],
    // Of a rank that does not exist: without them PyTorch 1.13 fails on Python 3.11, whose flags iterate otherwise.
    ...['--redirects=9:3', '--tee=9:3'],
  ];

  test('torchrun', async (context) => {
    if (python === undefined) context.skip('PyTorch is not installed: there is no torch.distributed.run');
    const args = await torchrun('--nproc_per_node=2');
    const seen = await reports(python!, args);
    expect(seen).toHaveLength(2);
    seen.forEach((place, rank) => {
      expect(place).toMatchObject({
        name: 'torchelastic',
        createsProcessesExternally: true,
        globalRank: rank,
        localRank: rank,
        nodeRank: 0,
        worldSize: 2,
        localWorldSize: 2,
        mainAddress: '127.0.0.1',
        launcherHostsStore: true,
        restartCount: 0,
      });
      expect(args).toContain(`--master_port=${place.mainPort}`);
    });
  });

  test('torchrun, starting them again after a failure', async (context) => {
    if (python === undefined) context.skip('PyTorch is not installed: there is no torch.distributed.run');
    const args = await torchrun('--nproc_per_node=1', '--max_restarts=1', '--monitor_interval=0.5');
    const seen = await reports(python!, args, { FAIL_BEFORE_RESTART: '1' });
    expect(seen.map(({ restartCount }) => restartCount).sort()).toEqual([0, 1]);
  });
});
