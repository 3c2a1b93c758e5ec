/**
 * All-reduce between two processes over gloo, against `torch.distributed` from Python with the same libtorch: both pairs of
 * processes live throughout, and take turns. Tensors of the torch engine on our side; a line per size, medians over rounds.
 *
 *     npm run bench -- collectives [--rounds 9] [--megabytes 100]
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { freePort } from '../../runtime/src/strategies/process-run.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, megabytes: { type: 'string', default: '100' } },
});
const rounds = Number(options.rounds);
/** Bytes of the values, and how often in a row they are reduced. */
const sizes = [
  { bytes: Number(options.megabytes) * 1e6, times: 1 },
  { bytes: 1e6, times: 20 },
  { bytes: 4e3, times: 200 },
];
/** The largest ratio that the first size may have. */
const target = 1.05;

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch.distributed']).status === 0,
);
if (python === undefined) {
  console.error('The peer is torch.distributed, and no Python here has it (Debian: python3-torch).');
  process.exit(2);
}

/** Two processes that answer each line with the milliseconds that they took. */
class Pair {
  readonly #processes: ChildProcess[];
  readonly #lines: AsyncIterator<string>[];

  constructor(commandOf: (rank: number) => string[]) {
    this.#processes = [0, 1].map((rank) => {
      const [command = '', ...args] = commandOf(rank);
      return spawn(command, args, {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, OMP_NUM_THREADS: '1', GLOO_SOCKET_IFNAME: 'lo' },
      });
    });
    this.#lines = this.#processes.map(({ stdout }) =>
      createInterface({ input: stdout! })[Symbol.asyncIterator](),
    );
  }

  /** @returns milliseconds for each all-reduce, of the rank that took longer */
  async reduce(bytes: number, times: number): Promise<number> {
    for (const { stdin } of this.#processes) stdin!.write(`${bytes} ${times}\n`);
    const answers = await Promise.all(this.#lines.map((lines) => lines.next()));
    return Math.max(...answers.map(({ value }) => Number(value))) / times;
  }

  end(): void {
    for (const { stdin } of this.#processes) stdin!.end();
  }
}

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1]!;

const ports = [await freePort(), await freePort()];
const here = (name: string) => join(import.meta.dirname, name);
const ours = new Pair((rank) => [
  process.execPath,
  '--import',
  'tsx',
  here('collectives-worker.ts'),
  `${rank}`,
  `${ports[0]}`,
]);
const theirs = new Pair((rank) => [python, here('collectives_peer.py'), `${rank}`, `${ports[1]}`]);

const rows = [];
for (const { bytes, times } of sizes) {
  const seen = { ours: [] as number[], theirs: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const [own, peer] = [await ours.reduce(bytes, times), await theirs.reduce(bytes, times)];
    if (round < 0) continue;
    seen.ours.push(own);
    seen.theirs.push(peer);
  }
  const [own, peer] = [median(seen.ours), median(seen.theirs)];
  rows.push({ bytes, ms: own, peerMs: peer, ratio: own / peer });
}
ours.end();
theirs.end();

console.table(
  rows.map(({ bytes, ms, peerMs, ratio }) => ({
    bytes,
    'ms, ours': ms.toFixed(3),
    'ms, torch.distributed': peerMs.toFixed(3),
    ratio: ratio.toFixed(3),
  })),
);
console.log(JSON.stringify({ benchmark: 'collectives', rounds, target, rows }));
