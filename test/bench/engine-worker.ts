/**
 * Trains one model on one engine: `engine-worker.ts <ort|torch|cpu|wasm> <threads> <model> <share of the batch>
 * <accelerator> <precision>`. Reads a command per line, a number of steps to train, `save <file>` or `load <file>`; answers each with a line of
 * JSON, an {@link Answer}.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Precision } from '../../runtime/src/engines/autocast-engine.js';
import { selectEngine } from '../../runtime/src/engines/select.js';
import type { Accelerator } from '../../runtime/src/engines/selected-engine.js';
import { backward } from '../../runtime/src/optim/backward.js';
import { createPrecision } from '../../runtime/src/precision/create-precision.js';
import * as tf from '../../runtime/src/tf.js';
import { models } from './engine-models.js';

export interface Answer {
  /** Milliseconds of each step. */
  times: number[];
  /** The loss of each step. */
  losses: number[];
  /** Resident memory at its highest, MiB. */
  peak: number;
}

const [
  engine = 'ort',
  threads = '1',
  model = 'mlp',
  share = '1',
  accelerator = 'cpu',
  precisionName = '32-true',
] = process.argv.slice(2);
let precision = createPrecision('32-true', { name: 'torch', device: 'cpu' });
if (engine === 'ort' || engine === 'torch') {
  const selected = await selectEngine({
    engine,
    threads: Number(threads),
    accelerator: accelerator as Accelerator,
  });
  precision = createPrecision(precisionName as Precision, selected);
} else {
  if (engine === 'wasm') await import('@tensorflow/tfjs-backend-wasm' as string);
  await tf.setBackend(engine);
  await tf.ready();
}

const { params, optimizer, data, loss } = models[model as keyof typeof models](Number(share));
precision.convert(params);
const forward = () => precision.forward(loss);

function step(): { time: number; loss: number } {
  const start = performance.now();
  optimizer.zeroGrad();
  const value = backward(forward, params, precision.lossScale)!;
  precision.unscale(optimizer);
  precision.holdBack(optimizer);
  optimizer.step();
  const [loss0] = value.dataSync();
  value.dispose();
  return { time: performance.now() - start, loss: loss0! };
}

/** Weights and data one after the other, all as float32. */
function save(path: string): void {
  writeFileSync(path, Buffer.concat([...params, ...data].map((tensor) => bytesOf(tensor.dataSync()))));
}

function load(path: string): void {
  const bytes = readFileSync(path);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  let offset = 0;
  for (const variable of [...params, ...data]) {
    const part = values.slice(offset, offset + variable.size);
    const tensor = tf.tensor(part, variable.shape, variable.dtype);
    variable.assign(tensor);
    tensor.dispose();
    offset += variable.size;
  }
}

function bytesOf(values: ArrayLike<number>): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', path = ''] = line.split(' ');
  if (command === 'save') save(path);
  if (command === 'load') load(path);
  const steps = Array.from({ length: Number(command) || 0 }, step);
  const answer: Answer = {
    times: steps.map(({ time }) => time),
    losses: steps.map(({ loss }) => loss),
    peak: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(answer));
}
