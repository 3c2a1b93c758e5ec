import { spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TwoHosts } from './two-hosts.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Debian's own Python, which python3-torch belongs to, even where another comes first in PATH. */
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch.distributed.run']).status === 0,
);

/** What the package says about the process that it runs in. */
const program = `
  import { detectEnvironment } from '@pl-ts/runtime';
  const environment = detectEnvironment();
  environment.validate(2, 2);
  process.stdout.write(JSON.stringify(environment) + '\\n');
`;

test('torchrun starts two processes on each of two hosts, and each sees its place', async (context) => {
  if (python === undefined) context.skip('PyTorch is not installed: there is no torch.distributed.run');
  const reason = TwoHosts.whyNot();
  if (reason !== undefined) context.skip(reason);
  const network = new TwoHosts();
  try {
    const agents = network.hosts.map((host, node) =>
      host.spawn(
        python!,
        [
          ...['-m', 'torch.distributed.run', '--no_python', '--nnodes=2', '--nproc_per_node=2'],
          ...[`--node_rank=${node}`, `--master_addr=${network.hosts[0].address}`, '--master_port=29500'],
          // Of a rank that does not exist: without them PyTorch 1.13 fails on Python 3.11.
          ...['--redirects=9:3', '--tee=9:3'],
          ...[process.execPath, '--input-type=module', '-e', program],
        ],
        { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
      ),
    );
    const outputs = await Promise.all(agents.map((agent) => text(agent.stdout!)));
    const seen = outputs.flatMap((output, node) =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => ({ node, ...(JSON.parse(line) as { globalRank: number }) })),
    );
    seen.sort((a, b) => a.globalRank - b.globalRank);
    expect(seen).toEqual(
      [0, 1, 2, 3].map((rank) => ({
        node: Math.floor(rank / 2),
        name: 'torchelastic',
        createsProcessesExternally: true,
        globalRank: rank,
        localRank: rank % 2,
        nodeRank: Math.floor(rank / 2),
        worldSize: 4,
        localWorldSize: 2,
        mainAddress: network.hosts[0].address,
        mainPort: 29500,
        launcherHostsStore: true,
        restartCount: 0,
      })),
    );
  } finally {
    network.remove();
  }
});
