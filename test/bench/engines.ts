/**
 * Training steps on the embedded engine and, where it is built, on the torch engine against PyTorch (Debian's
 * `python3-torch`, where installed), tfjs's plain `cpu` backend and tfjs's `wasm` backend (where installed). Every
 * engine runs in a process of its own; they take turns, a few steps each, so that a busy moment of the machine meets
 * all of them. With twice as many cores as threads, the embedded engine runs a second time with twice the threads:
 * `speedup` is what that brings.
 *
 *     npm run bench -- engines [--threads 1] [--rounds 12] [--models mlp,cnn,transformer] [--skip cpu]
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import type { Answer } from './engine-worker.js';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '12' },
    models: { type: 'string', default: 'mlp,cnn,transformer' },
    skip: { type: 'string', default: '' },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);

/** Steps per round; and the share of the batch for `cpu`, which would take minutes for a step. */
const plans = {
  mlp: { steps: 20, cpuShare: 1 / 8 },
  cnn: { steps: 4, cpuShare: 1 / 64 },
  transformer: { steps: 4, cpuShare: 1 / 16 },
} as const;
type Model = keyof typeof plans;

interface Engine {
  name: string;
  threads: number;
  command: (model: Model) => string[];
  /** Share of the batch that it gets; times are scaled up. */
  share: (model: Model) => number;
}

const worker = (name: string, share: Engine['share'] = () => 1, count = threads): Engine => ({
  name,
  threads: count,
  share,
  command: (model) => [
    process.execPath,
    '--import',
    'tsx',
    join(import.meta.dirname, 'engine-worker.ts'),
    name,
    String(count),
    model,
    String(share(model)),
  ],
});

const python = '/usr/bin/python3';
const pytorch: Engine = {
  name: 'pytorch',
  threads,
  share: () => 1,
  command: (model) => [python, join(import.meta.dirname, 'engines_peer.py'), options.threads, model],
};

const engines = [
  worker('ort'),
  ...(loadTorchAddon().state === 'loaded' ? [worker('torch')] : []),
  ...(spawnSync(python, ['-c', 'import torch']).status === 0 ? [pytorch] : []),
  worker('cpu', (model) => plans[model].cpuShare),
  ...(isInstalled('@tensorflow/tfjs-backend-wasm') ? [worker('wasm')] : []),
  ...(availableParallelism() >= 2 * threads ? [worker('ort', () => 1, 2 * threads)] : []),
].filter(({ name }) => !options.skip.split(',').includes(name));

function isInstalled(packageName: string): boolean {
  try {
    import.meta.resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

/** A running engine. `ask` lets it train some steps; `undefined` once it has failed. */
class Runner {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  constructor([command = '', ...args]: string[]) {
    // PyTorch's number of threads is not that of OpenBLAS, which it may call.
    const env = { ...process.env, OPENBLAS_NUM_THREADS: options.threads };
    this.#process = spawn(command, args, { stdio: 'pipe', env });
    this.#process.stderr!.on('data', (data) => {
      this.#errors += data;
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask(steps: number): Promise<Answer | undefined> {
    this.#process.stdin!.write(`${steps}\n`);
    const { value, done } = await this.#lines.next();
    return done ? undefined : (JSON.parse(value) as Answer);
  }

  get problem(): string {
    const lines = this.#errors.trim().split('\n');
    return lines.find((line) => /error/i.test(line))?.trim() ?? lines.at(-1) ?? 'it ended';
  }

  end(): void {
    this.#process.stdin!.end();
  }
}

interface Result {
  engine: string;
  threads: number;
  /** Milliseconds per step. */
  median: number;
  min: number;
  /** MiB */
  peak: number;
  /** Below 1 when the batch was cut and the times scaled up. */
  share: number;
}

async function measure(model: Model): Promise<Result[]> {
  const running = engines.map((engine) => ({
    engine,
    runner: new Runner(engine.command(model)),
    times: [] as number[],
    peak: 0,
    failed: false,
  }));
  for (let round = -1; round < rounds; round++) {
    for (const entry of running) {
      const slow = entry.engine.name === 'cpu';
      if (entry.failed || (slow && round > 1)) continue;
      const answer = await entry.runner.ask(round < 0 || slow ? 2 : plans[model].steps);
      if (answer === undefined) {
        entry.failed = true;
        console.log(`${model} on ${entry.engine.name}: ${entry.runner.problem}`);
        continue;
      }
      if (round >= 0) entry.times.push(...answer.times);
      entry.peak = answer.peak;
    }
  }
  for (const { runner } of running) runner.end();
  return running
    .filter(({ failed }) => !failed)
    .map(({ engine, times, peak }) => {
      const share = engine.share(model);
      const sorted = times.sort((a, b) => a - b);
      const median = sorted[sorted.length >> 1]! / share;
      return { engine: engine.name, threads: engine.threads, median, min: sorted[0]! / share, peak, share };
    });
}

console.log(`${threads} thread(s), ${rounds} alternating rounds; milliseconds per training step`);
interface Row extends Result {
  /** To PyTorch with as many threads. */
  ratio?: number;
  /** With twice the threads: how many times as fast as the same engine without. */
  speedup?: number;
}

const report: Record<string, Row[]> = {};
for (const model of options.models.split(',') as Model[]) {
  const results = await measure(model);
  console.log(
    `\n${model.padEnd(16)}${'median'.padStart(10)}${'min'.padStart(10)}${'peak MiB'.padStart(10)}   to PyTorch`,
  );
  report[model] = results.map((result) => {
    const { engine, median, min, peak, share } = result;
    const medianOf = (name: string) =>
      results.find((other) => other.engine === name && other.threads === threads)?.median ?? Number.NaN;
    const isSame = result.threads === threads;
    const compared = isSame ? median / medianOf('pytorch') : medianOf(engine) / median;
    const name = isSame ? engine : `${engine}, ${result.threads} threads`;
    const number = Number.isNaN(compared) ? '–' : compared.toFixed(2);
    const scaled = share < 1 ? ` (scaled from ${share} of the batch)` : '';
    console.log(
      `${name.padEnd(16)}${median.toFixed(2).padStart(10)}${min.toFixed(2).padStart(10)}` +
        `${peak.toFixed(0).padStart(10)}   ${isSame ? number : `${number} times as fast as with ${threads}`}${scaled}`,
    );
    if (Number.isNaN(compared)) return result;
    return isSame ? { ...result, ratio: compared } : { ...result, speedup: compared };
  });
}
console.log(`\n${JSON.stringify({ benchmark: 'engines', threads, ...report })}`);
