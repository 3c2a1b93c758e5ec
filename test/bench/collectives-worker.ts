/** One rank: `collectives-worker.ts <rank> <port>`. Answers lines `<bytes> <times>` with milliseconds. */

import { createInterface } from 'node:readline';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { useTorch } from '../../runtime/src/engines/torch.js';
import {
  createC10dProcessGroup,
  loadC10dAddon,
} from '../../runtime/src/strategies/c10d/create-c10d-process-group.js';
import * as tf from '../../runtime/src/tf.js';

const [rank, port] = process.argv.slice(2).map(Number);
const torch = loadTorchAddon();
const addon = loadC10dAddon();
if (torch.state !== 'loaded' || addon === undefined)
  throw new Error('pl engine build first, with a libtorch that has c10d');
await useTorch(torch, { device: 'cpu', threads: 1 }, 'benchmark');
const group = await createC10dProcessGroup(
  {
    globalRank: rank!,
    worldSize: 2,
    localWorldSize: 2,
    mainAddress: '127.0.0.1',
    mainPort: port!,
    restartCount: 0,
  },
  { timeoutMs: 60_000, joinTimeoutMs: 60_000 },
  addon,
);
const tensors = new Map<number, tf.Tensor>();
for await (const line of createInterface({ input: process.stdin })) {
  const [bytes, times] = line.split(' ').map(Number);
  const tensor = tensors.get(bytes!) ?? tf.zeros([bytes! / 4]);
  tensors.set(bytes!, tensor);
  group.barrier().wait();
  const start = performance.now();
  for (let i = 0; i < times!; i++) group.allReduce([tensor]).wait();
  console.log(performance.now() - start);
}
group.close();
