/**
 * One rank of the benchmark: `ddp-worker.ts <reduce|mlp|cnn> <engine> <bytes>`, placed by torchrun's variables. Reads numbers
 * of repetitions, one per line; answers each with a line of JSON: the milliseconds of each.
 */

import { createInterface } from 'node:readline';
import { selectEngine } from '../../runtime/src/engines/select.js';
import { backward } from '../../runtime/src/optim/backward.js';
import { createProcessGroup } from '../../runtime/src/strategies/create-process-group.js';
import { detectEnvironment } from '../../runtime/src/strategies/environments/detect.js';
import { GradientReducer } from '../../runtime/src/strategies/gradient-reducer.js';
import type { ProcessGroup } from '../../runtime/src/strategies/process-group.js';
import { models } from './engine-models.js';

const [task = 'reduce', engine = 'ort', bytes = '0'] = process.argv.slice(2);
const environment = detectEnvironment();
await selectEngine({ engine: engine as 'ort' | 'torch', threads: 1 });
const group =
  environment.worldSize === 1
    ? undefined
    : await createProcessGroup(environment, engine as 'ort' | 'torch', { timeoutMs: 60_000 });

function reduction(group: ProcessGroup): () => void {
  const values = new Float32Array(Number(bytes) / 4).fill(1);
  return () => group.allReduce([values], 'mean').wait();
}

/** What `Trainer.fit` does in a step of `ddp`. */
function training(model: 'mlp' | 'cnn'): () => void {
  const { params, optimizer, loss } = models[model](1);
  const reducer =
    group && new GradientReducer(group, { findUnusedParameters: false, nameOf: ({ name }) => name });
  return () => {
    optimizer.zeroGrad();
    const value = backward(loss, params)!;
    reducer?.reduce(params, { expectsAll: true });
    optimizer.step();
    value.dataSync();
    value.dispose();
  };
}

const run = task === 'reduce' ? reduction(group!) : training(task as 'mlp' | 'cnn');
for await (const line of createInterface({ input: process.stdin })) {
  const times: number[] = [];
  for (let i = 0; i < Number(line); i++) {
    group?.barrier().wait();
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  console.log(JSON.stringify(times));
}
group?.close();
