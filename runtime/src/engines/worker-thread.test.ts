import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test('the embedded engine trains in worker threads, at once and after each other', async () => {
  const program = `
    import { parentPort } from 'node:worker_threads';
    const { register } = await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))});
    register();
    const tf = await import(${JSON.stringify(new URL('../tf.ts', import.meta.url).href)});
    const { selectEngine } = await import(${JSON.stringify(new URL('./select.ts', import.meta.url).href)});
    await selectEngine({ engine: 'ort', threads: 2 });
    const w = tf.variable(tf.zeros([16, 16]));
    const x = tf.eye(16);
    const loss = () => tf.matMul(x, w).sub(x).square().mean();
    const optimizer = tf.train.sgd(100);
    for (let step = 0; step < 20; step++) optimizer.minimize(loss);
    parentPort.postMessage({ backend: tf.getBackend(), loss: loss().dataSync()[0] });
  `;
  const run = () =>
    new Promise<{ backend: string; loss: number }>((resolve, reject) => {
      const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
      const worker = new Worker(url);
      let result: { backend: string; loss: number };
      worker.once('message', (message) => {
        result = message;
      });
      worker.once('exit', () => resolve(result));
      worker.once('error', reject);
    });
  const results = [...(await Promise.all([run(), run()])), await run()];
  for (const { backend, loss } of results) {
    expect(backend).toBe('ort');
    expect(loss).toBeLessThan(1e-3);
  }
});
