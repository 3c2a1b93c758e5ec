/**
 * Trains one model on one engine: `engine-worker.ts <ort|torch|cpu|wasm> <threads> <model> <share of the batch>`. Reads
 * numbers of steps, one per line; answers each with a line of JSON, an {@link Answer}.
 */

import { createInterface } from 'node:readline';
import { selectEngine } from '../../runtime/src/engines/select.js';
import { backward } from '../../runtime/src/optim/backward.js';
import * as tf from '../../runtime/src/tf.js';
import { models } from './engine-models.js';

export interface Answer {
  /** Milliseconds of each step. */
  times: number[];
  /** Resident memory at its highest, MiB. */
  peak: number;
}

const [engine = 'ort', threads = '1', model = 'mlp', share = '1'] = process.argv.slice(2);
if (engine === 'ort' || engine === 'torch') {
  await selectEngine({ engine, threads: Number(threads) });
} else {
  if (engine === 'wasm') await import('@tensorflow/tfjs-backend-wasm' as string);
  await tf.setBackend(engine);
  await tf.ready();
}

const { params, optimizer, loss } = models[model as keyof typeof models](Number(share));

function step(): number {
  const start = performance.now();
  optimizer.zeroGrad();
  const value = backward(loss, params)!;
  optimizer.step();
  value.dataSync();
  value.dispose();
  return performance.now() - start;
}

for await (const line of createInterface({ input: process.stdin })) {
  const times = Array.from({ length: Number(line) }, step);
  const answer: Answer = { times, peak: process.resourceUsage().maxRSS / 1024 };
  console.log(JSON.stringify(answer));
}
