/**
 * What a kernel call costs on the torch engine: the sum of two tensors of one element, made and freed, as a kernel and
 * as tfjs's operation, against PyTorch's from Python. Rounds alternate; the least of them is the least disturbed.
 *
 *     npm run bench -- calls [--rounds 40] [--calls 20000] [--python /usr/bin/python3]
 */

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { selectEngine } from '../../runtime/src/engines/select.js';
import * as tf from '../../runtime/src/tf.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    calls: { type: 'string', default: '20000' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const [rounds, calls] = [Number(options.rounds), Number(options.calls)];

await selectEngine({ engine: 'torch', threads: 1, accelerator: 'cpu' });
const [a, b] = [tf.tensor([1]), tf.tensor([2])];
const { kernelFunc } = tf.getKernel('Add', 'torch');
const backend = tf.backend();
const inputs = { a, b };

const ways: Record<string, () => void> = {
  'kernelFunc, disposeData': () => {
    const sum = kernelFunc({ inputs, backend, attrs: {} }) as tf.TensorInfo;
    backend.disposeData(sum.dataId);
  },
  'tf.add, dispose': () => tf.add(a, b).dispose(),
};

/** Microseconds per call. */
function time(call: () => void): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) call();
  return ((performance.now() - start) * 1000) / calls;
}

const times: Record<string, number[]> = {};
for (let round = 0; round < rounds; round++) {
  for (const [name, call] of Object.entries(ways)) {
    times[name] ??= [];
    times[name].push(time(call));
  }
}

const peer = `
import time, torch
torch.set_num_threads(1)
a, b, best = torch.ones(1), torch.ones(1), 1e9
with torch.inference_mode():
    for _ in range(${rounds}):
        start = time.perf_counter()
        for _ in range(${calls}):
            torch.add(a, b)
        best = min(best, (time.perf_counter() - start) * 1e6 / ${calls})
print(best)`;
const { stdout, status } = spawnSync(options.python, ['-c', peer], { encoding: 'utf8' });

const least = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.min(...all)]));
if (status === 0) least['torch.add, from Python'] = Number(stdout);
console.log('microseconds per call, least of the rounds');
for (const [name, microseconds] of Object.entries(least)) {
  console.log(`${name.padEnd(26)}${microseconds.toFixed(2)}`);
}
console.log(`\n${JSON.stringify({ benchmark: 'calls', ...least })}`);
