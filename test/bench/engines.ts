/**
 * Training steps on the embedded engine and, where it is built, on the torch engine against PyTorch (Debian's
 * `python3-torch`, where installed), tfjs's plain `cpu` backend and tfjs's `wasm` backend (where installed). Every
 * engine runs in a process of its own; they take turns, a few steps each, so that a busy moment of the machine meets
 * all of them. With twice as many cores as threads, the embedded engine runs a second time with twice the threads:
 * `speedup` is what that brings.
 *
 *     npm run bench -- engines [--threads 1] [--rounds 12] [--models mlp,cnn,transformer] [--skip cpu]
 *         [--accelerator gpu] [--python /usr/bin/python3]
 *
 * All begin with the same weights and the same batch; `loss off by` is the largest relative difference to PyTorch's loss
 * in the first 20 steps. On a GPU, the models are joined by `gpt`, a larger transformer.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Accelerator } from '../../runtime/src/engines/selected-engine.js';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { engineCommand, lossDifference, peerCommand, Runner } from './engine-runner.js';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '12' },
    models: { type: 'string', default: 'mlp,cnn,transformer' },
    skip: { type: 'string', default: '' },
    accelerator: { type: 'string', default: 'cpu' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const accelerator = options.accelerator as Accelerator;

/** Steps of the comparison of losses. */
const compared = 20;

/** Steps per round; and the share of the batch for `cpu`, which would take minutes for a step. */
const plans = {
  mlp: { steps: 20, cpuShare: 1 / 8 },
  cnn: { steps: 4, cpuShare: 1 / 64 },
  transformer: { steps: 4, cpuShare: 1 / 16 },
  gpt: { steps: 4, cpuShare: 0 },
} as const;
type Model = keyof typeof plans;

interface Engine {
  name: string;
  threads: number;
  command: (model: Model) => string[];
  /** Share of the batch that it gets; times are scaled up. */
  share: (model: Model) => number;
}

const whole = () => 1;
const engine = (name: string, share: Engine['share'] = whole, count = threads): Engine => ({
  name,
  threads: count,
  share,
  command: (model) => engineCommand(name, { model, threads: count, accelerator, share: share(model) }),
});

const pytorch: Engine = {
  name: 'pytorch',
  threads,
  share: whole,
  command: (model) => peerCommand(options.python, { model, threads, accelerator }),
};

const hasTorch = loadTorchAddon({ askPython: true }).state === 'loaded';
const hasPeer = spawnSync(options.python, ['-c', 'import torch']).status === 0;
const onCpu = [
  engine('ort'),
  engine('cpu', (model) => plans[model].cpuShare),
  ...(isInstalled('@tensorflow/tfjs-backend-wasm') ? [engine('wasm')] : []),
  ...(availableParallelism() >= 2 * threads ? [engine('ort', whole, 2 * threads)] : []),
];
const engines = [
  ...(hasTorch ? [engine('torch')] : []),
  ...(hasPeer ? [pytorch] : []),
  ...(accelerator === 'cpu' ? onCpu : []),
].filter(({ name }) => !options.skip.split(',').includes(name));

function isInstalled(packageName: string): boolean {
  try {
    import.meta.resolve(packageName);
    return true;
  } catch {
    return false;
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
  lossOffBy?: number;
}

interface Entry {
  engine: Engine;
  runner: Runner;
  times: number[];
  losses: number[];
  peak: number;
  failed: boolean;
}

async function measure(model: Model): Promise<Result[]> {
  const running: Entry[] = engines.map((engine) => ({
    engine,
    runner: new Runner(engine.command(model), engine.threads),
    times: [],
    losses: [],
    peak: 0,
    failed: false,
  }));
  await startAlike(running);
  for (let round = 0; round < rounds; round++) {
    for (const entry of running) {
      const slow = entry.engine.name === 'cpu';
      if (entry.failed || (slow && round > 1)) continue;
      const answer = await entry.runner.train(slow ? 2 : plans[model].steps);
      if (answer === undefined) fail(entry, model);
      else {
        entry.times.push(...answer.times);
        entry.peak = answer.peak;
      }
    }
  }
  for (const { runner } of running) runner.end();
  const peer = running.find(({ engine, failed }) => engine === pytorch && !failed);
  return running
    .filter(({ failed }) => !failed)
    .map(({ engine, times, losses, peak }) => {
      const share = engine.share(model);
      const sorted = times.sort((a, b) => a - b);
      const comparable = peer !== undefined && engine !== pytorch && share === 1;
      return {
        engine: engine.name,
        threads: engine.threads,
        median: sorted[sorted.length >> 1]! / share,
        min: sorted[0]! / share,
        peak,
        share,
        ...(comparable && { lossOffBy: lossDifference(losses, peer.losses) }),
      };
    });

  /** Gives all that train on the whole batch the weights and the batch of the first; trains the first steps. */
  async function startAlike(entries: readonly Entry[]): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'pl-bench-'));
    const file = join(folder, 'model.f32');
    const [first, ...others] = entries.filter(({ engine }) => engine.share(model) === 1);
    const filled = await (first?.engine === pytorch ? undefined : first?.runner.save(file));
    if (filled !== undefined) for (const { runner } of others) await runner.load(file);
    for (const entry of entries) {
      const answer = await entry.runner.train(entry.engine.name === 'cpu' ? 2 : compared);
      if (answer === undefined) fail(entry, model);
      else entry.losses = answer.losses;
    }
    rmSync(folder, { recursive: true });
  }
}

function fail(entry: Entry, model: Model): void {
  entry.failed = true;
  console.log(`${model} on ${entry.engine.name}: ${entry.runner.problem}`);
}

interface Row extends Result {
  /** To PyTorch with as many threads. */
  ratio?: number;
  /** With twice the threads: how many times as fast as the same engine without. */
  speedup?: number;
}

console.log(
  `${accelerator}, ${threads} thread(s), ${rounds} alternating rounds; milliseconds per training step`,
);
const report: Record<string, Row[]> = {};
for (const model of options.models.split(',') as Model[]) {
  const results = await measure(model);
  const heads = [
    model.padEnd(16),
    ...['median', 'min', 'peak MiB', 'loss off by'].map((head) => head.padStart(12)),
  ];
  console.log(`\n${heads.join('')}   to PyTorch`);
  report[model] = results.map((result) => {
    const { engine, median, min, peak, share, lossOffBy } = result;
    const medianOf = (name: string) =>
      results.find((other) => other.engine === name && other.threads === threads)?.median ?? Number.NaN;
    const isSame = result.threads === threads;
    const factor = isSame ? median / medianOf('pytorch') : medianOf(engine) / median;
    const name = isSame ? engine : `${engine}, ${result.threads} threads`;
    const number = Number.isNaN(factor) ? '–' : factor.toFixed(2);
    const scaled = share < 1 ? ` (scaled from ${share} of the batch)` : '';
    const numbers = [median.toFixed(2), min.toFixed(2), peak.toFixed(0), lossOffBy?.toExponential(1) ?? '–'];
    console.log(
      `${name.padEnd(16)}${numbers.map((text) => text.padStart(12)).join('')}   ` +
        `${isSame ? number : `${number} times as fast as with ${threads}`}${scaled}`,
    );
    if (Number.isNaN(factor)) return result;
    return isSame ? { ...result, ratio: factor } : { ...result, speedup: factor };
  });
}
console.log(`\n${JSON.stringify({ benchmark: 'engines', accelerator, threads, ...report })}`);
