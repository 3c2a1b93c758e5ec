/**
 * Training steps in 16 bits against the same steps in float32, on the torch engine and in PyTorch (Debian's
 * `python3-torch`, where installed; `torch.autocast` and its `GradScaler`). Every one runs in a process of its own; they
 * take turns, a few steps each, so that a busy moment of the machine meets all of them. Needs a processor with bfloat16
 * instructions (`avx512_bf16`, `amx_bf16`) to be of use on a CPU.
 *
 *     npm run bench -- precision [--threads 1] [--rounds 12] [--models mlp,cnn,transformer]
 *         [--precisions bf16-mixed] [--accelerator gpu] [--python /usr/bin/python3]
 *
 * All begin with the same weights and the same batch. `to 32-true` is the ratio to the same engine's float32; `loss off
 * by` is the largest relative difference to its losses in the first 20 steps.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Accelerator } from '../../runtime/src/engines/selected-engine.js';
import { parsePrecision } from '../../runtime/src/precision/parse-precision.js';
import { engineCommand, type Job, lossDifference, peerCommand, Runner } from './engine-runner.js';

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '12' },
    models: { type: 'string', default: 'mlp,cnn,transformer' },
    precisions: { type: 'string' },
    accelerator: { type: 'string', default: 'cpu' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const accelerator = options.accelerator as Accelerator;
const halves = options.precisions ?? (accelerator === 'cpu' ? 'bf16-mixed' : '16-mixed,bf16-mixed');
const precisions = ['32-true', ...halves.split(',')].map(parsePrecision);

/** Steps of the comparison of losses, and of warming up. */
const compared = 20;
/** Steps per round. */
const steps: Readonly<Record<string, number>> = { mlp: 20 };

const commands: Readonly<Record<string, (job: Job) => string[]>> = {
  torch: (job) => engineCommand('torch', job),
  ...(spawnSync(options.python, ['-c', 'import torch']).status === 0 && {
    pytorch: (job: Job) => peerCommand(options.python, job),
  }),
};

interface Result {
  engine: string;
  precision: string;
  /** Milliseconds per step. */
  median: number;
  min: number;
  /** To the same engine's float32. */
  ratio: number;
  lossOffBy: number;
}

async function measure(model: string): Promise<Result[]> {
  const running = Object.entries(commands).flatMap(([engine, command]) =>
    precisions.map((precision) => {
      const runner = new Runner(command({ model, threads, accelerator, precision }), threads);
      return { engine, precision, runner, times: [] as number[], losses: [] as number[] };
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'pl-bench-'));
  const weights = join(folder, 'model.f32');
  await running[0]!.runner.save(weights);
  for (const { runner } of running.slice(1)) await runner.load(weights);
  for (const entry of running) entry.losses = (await trained(entry.runner, compared)).losses;
  rmSync(folder, { recursive: true });
  for (let round = 0; round < rounds; round++) {
    for (const { runner, times } of running) times.push(...(await trained(runner, steps[model] ?? 4)).times);
  }
  for (const { runner, times } of running) {
    runner.end();
    times.sort((a, b) => a - b);
  }
  return running.map(({ engine, precision, times, losses }) => {
    const float32 = running.find((other) => other.engine === engine && other.precision === '32-true')!;
    const median = middle(times);
    return {
      engine,
      precision,
      median,
      min: times[0]!,
      ratio: median / middle(float32.times),
      lossOffBy: lossDifference(losses, float32.losses),
    };
  });
}

async function trained(runner: Runner, count: number) {
  const answer = await runner.train(count);
  if (answer === undefined) throw new Error(runner.problem);
  return answer;
}

const middle = (sorted: readonly number[]) => sorted[sorted.length >> 1]!;

console.log(
  `${accelerator}, ${threads} thread(s), ${rounds} alternating rounds; milliseconds per training step`,
);
const report: Record<string, Result[]> = {};
for (const model of options.models.split(',')) {
  report[model] = await measure(model);
  const heads = ['median', 'min', 'to 32-true', 'loss off by'];
  console.log(`\n${model.padEnd(22)}${heads.map((head) => head.padStart(12)).join('')}`);
  for (const { engine, precision, median, min, ratio, lossOffBy } of report[model]) {
    const numbers = [median.toFixed(2), min.toFixed(2), ratio.toFixed(2), lossOffBy.toExponential(1)];
    console.log(`${`${engine} ${precision}`.padEnd(22)}${numbers.map((text) => text.padStart(12)).join('')}`);
  }
}
console.log(`\n${JSON.stringify({ benchmark: 'precision', accelerator, threads, ...report })}`);
