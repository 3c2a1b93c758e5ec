/**
 * Training steps on the embedded engine and, where it is built, on the torch engine against PyTorch (Debian's `python3-torch`, where installed), tfjs's plain
 * `cpu` backend and tfjs's `wasm` backend (where installed). Every engine runs in a process of its own; they take
 * turns, a few steps each, so that a busy moment of the machine meets all of them.
 *
 *     npm run bench -- engines [--threads 1] [--rounds 12] [--models mlp,cnn,transformer] [--skip cpu]
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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
  command: (model: Model) => string[];
  /** Share of the batch that it gets; times are scaled up. */
  share: (model: Model) => number;
}

const worker = (name: string, share: (model: Model) => number = () => 1): Engine => ({
  name,
  share,
  command: (model) => [
    process.execPath,
    '--import',
    'tsx',
    join(import.meta.dirname, 'engine-worker.ts'),
    name,
    options.threads,
    model,
    String(share(model)),
  ],
});

const python = '/usr/bin/python3';
const pytorch: Engine = {
  name: 'pytorch',
  share: () => 1,
  command: (model) => [python, join(import.meta.dirname, 'engines_peer.py'), options.threads, model],
};

const engines = [
  worker('ort'),
  ...(loadTorchAddon().state === 'loaded' ? [worker('torch')] : []),
  ...(spawnSync(python, ['-c', 'import torch']).status === 0 ? [pytorch] : []),
  worker('cpu', (model) => plans[model].cpuShare),
  ...(isInstalled('@tensorflow/tfjs-backend-wasm') ? [worker('wasm')] : []),
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
      return { engine: engine.name, median, min: sorted[0]! / share, peak, share };
    });
}

console.log(`${options.threads} thread(s), ${rounds} alternating rounds; milliseconds per training step`);
const report: Record<string, (Result & { ratio?: number })[]> = {};
for (const model of options.models.split(',') as Model[]) {
  const results = await measure(model);
  const peer = results.find(({ engine }) => engine === 'pytorch');
  console.log(
    `\n${model.padEnd(12)}${'median'.padStart(10)}${'min'.padStart(10)}${'peak MiB'.padStart(10)}   to PyTorch`,
  );
  report[model] = results.map((result) => {
    const ratio = peer && result.median / peer.median;
    const scaled = result.share < 1 ? ` (scaled from ${result.share} of the batch)` : '';
    console.log(
      `${result.engine.padEnd(12)}${result.median.toFixed(2).padStart(10)}${result.min.toFixed(2).padStart(10)}` +
        `${result.peak.toFixed(0).padStart(10)}   ${ratio?.toFixed(2) ?? '–'}${scaled}`,
    );
    return ratio === undefined ? result : { ...result, ratio };
  });
}
console.log(`\n${JSON.stringify({ benchmark: 'engines', threads: Number(options.threads), ...report })}`);
