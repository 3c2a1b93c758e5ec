/**
 * Two processes on one host. How long they take to reduce 100 MB, against gloo from PyTorch (Debian's `python3-torch`, where
 * installed); and how many samples they train on in a second, with one thread each, against one process with one thread,
 * and against two that do not exchange anything: the most that the machine's cores and memory allow. The sides take turns,
 * so that a busy moment of the machine meets all of them.
 *
 *     npm run bench -- ddp [--rounds 8] [--models mlp,cnn] [--engines ort,torch]
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { processVariables } from '../../runtime/src/strategies/environments/local.js';
import { freePort } from '../../runtime/src/strategies/process-run.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    models: { type: 'string', default: 'mlp,cnn' },
    engines: { type: 'string', default: 'ort,torch' },
  },
});
const rounds = Number(options.rounds);
const BYTES = 100e6;
const targets = { reduce: 1.05, speedup: 1.8 };
/** Repetitions in a round. */
const repetitions = { reduce: 3, mlp: 30, cnn: 8 } as const;
type Model = 'mlp' | 'cnn';

/** Processes that answer a line with a line each. */
class Ranks {
  readonly #ranks: { process: ChildProcess; lines: AsyncIterator<string> }[];

  private constructor(command: readonly string[], places: readonly Record<string, string>[]) {
    this.#ranks = places.map((variables) => {
      const [program = '', ...args] = command;
      const child = spawn(program, args, {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, ...variables, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
      });
      return { process: child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
    });
  }

  /** Two processes of a run. */
  static async together(command: readonly string[]): Promise<Ranks> {
    const mainPort = await freePort();
    const run = { nodeRank: 0, worldSize: 2, localWorldSize: 2, mainAddress: '127.0.0.1', mainPort };
    const places = [0, 1].map((rank) => processVariables({ ...run, globalRank: rank, localRank: rank }));
    return new Ranks(command, places);
  }

  /** Processes that know nothing of each other. */
  static apart(command: readonly string[], count: number): Ranks {
    return new Ranks(command, Array<Record<string, string>>(count).fill({}));
  }

  /** @returns milliseconds of each repetition, that of the slowest rank */
  async run(count: number): Promise<number[]> {
    for (const { process: child } of this.#ranks) child.stdin!.write(`${count}\n`);
    const answers = await Promise.all(this.#ranks.map(({ lines }) => lines.next()));
    const times = answers.map(({ value, done }) => {
      if (done) throw new Error('a process of the benchmark ended early');
      return JSON.parse(value) as number[];
    });
    return times[0]!.map((_, i) => Math.max(...times.map((ofRank) => ofRank[i]!)));
  }

  end(): void {
    for (const { process: child } of this.#ranks) child.stdin!.end();
  }
}

const worker = (task: 'reduce' | Model, engine: string) => [
  ...[process.execPath, '--import', 'tsx', join(import.meta.dirname, 'ddp-worker.ts')],
  ...[task, engine, String(BYTES)],
];
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Median milliseconds of each side, in alternating rounds after one to warm up. */
async function compare(sides: readonly Ranks[], count: number): Promise<number[]> {
  const times = sides.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const taken = await side.run(count);
      if (round >= 0) times[i]!.push(...taken);
    }
  }
  for (const side of sides) side.end();
  return times.map(median);
}

const python = '/usr/bin/python3';
const hasGloo = spawnSync(python, ['-c', 'import torch.distributed']).status === 0;
const engines = options.engines
  .split(',')
  .filter((engine) => engine !== 'torch' || loadTorchAddon().state === 'loaded');

console.log(`2 processes with one thread each, ${rounds} alternating rounds`);
const peer = [python, join(import.meta.dirname, 'ddp_peer.py'), String(BYTES)];
const [own = 0, gloo] = await compare(
  await Promise.all([worker('reduce', engines[0]!), ...(hasGloo ? [peer] : [])].map(Ranks.together)),
  repetitions.reduce,
);
const reduce = { own, ...(gloo !== undefined && { gloo, ratio: own / gloo, target: targets.reduce }) };
console.log(`\nall-reduce of 100 MB  ${own.toFixed(1)} ms`);
if (gloo !== undefined) {
  console.log(
    `gloo of PyTorch       ${gloo.toFixed(1)} ms   ratio ${(own / gloo).toFixed(2)} (target ${targets.reduce})`,
  );
}

const training: object[] = [];
for (const engine of engines) {
  for (const model of options.models.split(',') as Model[]) {
    const command = worker(model, engine);
    const sides = [Ranks.apart(command, 1), await Ranks.together(command), Ranks.apart(command, 2)];
    const [one = 0, two = 0, apart = 0] = await compare(sides, repetitions[model]);
    const [speedup, ceiling] = [(2 * one) / two, (2 * one) / apart];
    training.push({ model, engine, one, two, apart, speedup, ceiling, target: targets.speedup });
    console.log(
      `${`${model} on ${engine}`.padEnd(20)}  ${one.toFixed(2)} ms a step alone, ${two.toFixed(2)} ms together:` +
        ` ${speedup.toFixed(2)} times the samples per second (target ${targets.speedup};` +
        ` ${ceiling.toFixed(2)} without exchange)`,
    );
  }
}
console.log(`\n${JSON.stringify({ benchmark: 'ddp', reduce, training })}`);
