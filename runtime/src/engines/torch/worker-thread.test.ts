import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../tf.js';
import '../default.js';
import { startWorker, type Trained, trainInWorker, trainingProgram } from '../worker.test.support.js';
import { registerTorch } from './register.js';
import { addon, whyNot } from './torch.test.kit.js';

const expectTrained = ({ backend, loss }: Trained) => {
  expect(backend).toBe('torch');
  expect(loss).toBeLessThan(1e-3);
};

describe.skipIf(addon === undefined)(
  `the torch engine in worker threads ${whyNot}`,
  { timeout: 60_000 },
  () => {
    beforeAll(async () => {
      registerTorch(addon!);
      await tf.setBackend('torch');
    });

    test('trains in two at once, while the main thread computes with tensors of its own', async () => {
      const kept = Array.from({ length: 50 }, (_, i) => tf.fill([100], i));
      const before = addon!.memory();
      let running = true;
      const workers = Promise.all([trainInWorker('torch'), trainInWorker('torch')]).finally(() => {
        running = false;
      });
      while (running) {
        const sums = tf.tidy(() => kept.map((tensor) => tensor.add(1).sum().dataSync()[0]));
        expect(sums).toEqual(kept.map((_, i) => 100 * (i + 1)));
        await new Promise(setImmediate);
      }
      for (const result of await workers) expectTrained(result);
      expect(addon!.memory()).toMatchObject({ bytes: before.bytes, tensors: before.tensors });
      tf.dispose(kept);
    });

    test('an error of one is not seen by another', async () => {
      const worker = startWorker(`${trainingProgram('torch', { steps: 0 })}
      const { addon } = tf.backend();
      const [a, b] = [tf.ones([2, 3]), tf.ones([2, 3])];
      try {
        tf.engine().runKernel('BatchMatMul', { a, b }, { transposeA: false, transposeB: false });
      } catch {}
      parentPort.postMessage(addon.lastError());
    `);
      const messages: unknown[] = [];
      worker.on('message', (message) => messages.push(message));
      const before = addon!.lastError();
      await once(worker, 'exit');
      expect(messages.at(-1)).toMatch(/^matmul of Float \[2, 3\]/);
      expect(addon!.lastError()).toBe(before);
    });

    test('goes on where a worker is terminated in the middle of its training', async () => {
      for (const delay of [0, 10]) {
        const worker = startWorker(trainingProgram('torch', { steps: Number.POSITIVE_INFINITY }));
        await once(worker, 'message');
        await new Promise((resolve) => setTimeout(resolve, delay));
        expect(await worker.terminate()).toBe(1);
      }
      expect([...tf.ones([2, 3]).sum(1).dataSync()]).toEqual([3, 3]);
      expectTrained(await trainInWorker('torch'));
    });

    test('serves workers one after the other where the main thread has no engine, and the process ends well', async () => {
      const program = `
      import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      const url = new URL(process.argv[1]);
      for (let i = 0; i < 2; i++) {
        const worker = new Worker(url);
        worker.on('message', (message) => message.backend && console.log(JSON.stringify(message)));
        await once(worker, 'exit');
      }
    `;
      const url = `data:text/javascript,${encodeURIComponent(trainingProgram('torch'))}`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--input-type=module',
        '--eval',
        program,
        url,
      ]);
      const results = stdout.trim().split('\n');
      expect(results).toHaveLength(2);
      for (const result of results) expectTrained(JSON.parse(result));
    });
  },
);
