/**
 * Runs one variant, by the trainer and by hand in turns: `overhead-worker.js <variant> <reference|generated> <steps>`.
 * Answers each line that it reads with a line of JSON, an {@link OverheadAnswer}. It runs as plain JavaScript beside the
 * loops that the compiler wrote for `overhead-model.ts`.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ArrayDataset,
  backward,
  CSVLogger,
  DataLoader,
  disposeBatch,
  ProgressBar,
  selectEngine,
  Trainer,
  type TrainerOptions,
  tf,
} from '@pl-ts/runtime';
import { type Batch, Clock, Linear } from './overhead-model.js';

/** Microseconds per step. */
export interface Pace {
  median: number;
  mean: number;
}

export interface OverheadAnswer {
  byHand: Pace;
  byTrainer: Pace;
}

const variants = {
  bare: { logs: false, evaluates: false },
  logging: { logs: true, evaluates: false },
  logging_every_step: { logs: true, evaluates: false },
  evaluation: { logs: false, evaluates: true },
  evaluation_logging: { logs: true, evaluates: true },
} as const;
export type Variant = keyof typeof variants;

const [variant = 'bare', loop = 'reference', stepsText = '2000'] = process.argv.slice(2);
const { logs, evaluates } = variants[variant as Variant];
const warmUp = 10;
const steps = Number(stepsText) + warmUp + 1;

if (loop === 'generated') await import('./generated/fit-loop.js' as string);
await selectEngine({ engine: 'ort', threads: 1 });

const samples = 4 * steps;
const data = new ArrayDataset({
  x: { data: Float32Array.from({ length: 8 * samples }, (_, i) => Math.sin(i)), shape: [samples, 8] },
  y: { data: Float32Array.from({ length: samples }, (_, i) => Math.cos(i)), shape: [samples, 1] },
});
const loader = new DataLoader(data, { batchSize: 4 });
const clock = new Clock(steps);
const folder = mkdtempSync(join(tmpdir(), 'overhead-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A terminal that shows nothing. */
const terminal = { isTTY: true, columns: 120, write: () => true };

const tells = logs && !evaluates;

async function byTrainer(): Promise<void> {
  const options: TrainerOptions = {
    maxEpochs: 1,
    engine: 'ort',
    threads: 1,
    enableCheckpointing: false,
    enableModelSummary: false,
    enableProgressBar: tells,
    ...(variant === 'logging_every_step' && { logEveryNSteps: 1 }),
    logger: tells && new CSVLogger({ saveDir: folder }),
    callbacks: tells ? [new ProgressBar({ stream: terminal })] : [],
  };
  const trainer = new Trainer(options);
  if (evaluates) await trainer.validate(new Linear(clock, logs), { dataloaders: loader });
  else await trainer.fit(new Linear(clock, logs), { trainDataloader: loader });
}

function byHand(): void {
  const model = new Linear(clock, false);
  if (evaluates) evaluateByHand(model);
  else trainByHand(model);
}

function trainByHand(model: Linear): void {
  const params = model.parameters();
  const optimizer = model.newOptimizer();
  for (const batch of loader as Iterable<Batch>) {
    optimizer.zeroGrad();
    const loss = backward(() => {
      clock.mark();
      return model.loss(batch);
    }, params);
    optimizer.step();
    loss?.dispose();
    disposeBatch(batch);
  }
}

function evaluateByHand(model: Linear): void {
  for (const batch of loader as Iterable<Batch>) {
    clock.mark();
    const loss = tf.tidy(() => model.loss(batch));
    // What a step logs has been read.
    if (logs) loss.dataSync();
    loss.dispose();
    disposeBatch(batch);
  }
}

function pace(): Pace {
  const times = clock.take(warmUp).sort();
  return {
    median: times[times.length >> 1]!,
    mean: times.reduce((sum, time) => sum + time, 0) / times.length,
  };
}

for await (const _ of createInterface({ input: process.stdin })) {
  byHand();
  const hand = pace();
  await byTrainer();
  const answer: OverheadAnswer = { byHand: hand, byTrainer: pace() };
  console.log(JSON.stringify(answer));
}
