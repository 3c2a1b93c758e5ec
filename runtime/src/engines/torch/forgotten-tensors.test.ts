import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { addon, whyNot } from './torch.test.kit.js';

/** What a process prints that runs this with the torch engine and with `gc`. */
async function run(program: string): Promise<unknown> {
  const source = `
    await (await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})).register();
    const tf = await import(${JSON.stringify(new URL('../../tf.ts', import.meta.url).href)});
    const { selectEngine } = await import(${JSON.stringify(new URL('../select.ts', import.meta.url).href)});
    await selectEngine({ engine: 'torch', threads: 1 });
    const { addon } = tf.backend();
    const turn = () => new Promise(setImmediate);
    async function collect() {
      for (let i = 0; i < 5; i++) {
        await turn();
        gc();
      }
      await turn();
      return { numTensors: tf.memory().numTensors, numBytes: tf.memory().numBytes, ...addon.memory() };
    }
    ${program}
  `;
  const options = ['--expose-gc', '--input-type=module', '--eval', source];
  const { stdout } = await promisify(execFile)(process.execPath, options);
  return JSON.parse(stdout);
}

describe.skipIf(addon === undefined)(`tensors that nobody disposes ${whyNot}`, { timeout: 120_000 }, () => {
  test('are freed once they are collected, however they came about', async () => {
    const [before, full, after] = (await run(`
      const one = tf.scalar(1);
      const forget = () => {
        for (let i = 0; i < 250; i++) {
          tf.tensor1d([1, 2, i]);
          one.add(i);
          tf.tidy(() => one.mul(i).sub(1));
          tf.tidy(() => void tf.keep(one.add(i)));
        }
      };
      const before = await collect();
      forget();
      const full = tf.memory();
      console.log(JSON.stringify([before, full, await collect()]));
    `)) as { numTensors: number; numBytes: number; bytes: number; tensors: number }[];
    expect(full!.numTensors - before!.numTensors).toBeGreaterThanOrEqual(1000);
    expect(after).toMatchObject({
      numTensors: before!.numTensors,
      numBytes: before!.numBytes,
      bytes: before!.bytes,
      tensors: before!.tensors,
    });
  });

  test('leave those alone that share their data, or were disposed, or are in use', async () => {
    const values = await run(`
      const variable = tf.variable(tf.tensor1d([1, 2, 3]));
      const view = tf.tidy(() => tf.tensor1d([4, 5, 6, 7]).reshape([2, 2]));
      const disposed = tf.tensor1d([8, 9]);
      const copy = disposed.clone();
      await turn();
      disposed.dispose();
      const kept = tf.tidy(() => tf.keep(tf.tensor1d([10])));
      await collect();
      tf.tensor1d([0, 0]);
      console.log(JSON.stringify([variable, view, copy, kept].map((x) => [...x.dataSync()])));
    `);
    expect(values).toEqual([[1, 2, 3], [4, 5, 6, 7], [8, 9], [10]]);
  });

  test('do not fill the memory in a loop that forgets a megabyte at each step', async () => {
    const { steps, peakBytes } = (await run(`
      addon.resetPeak();
      let steps = 0;
      for (; steps < 20_000; steps++) {
        tf.fill([1 << 18], steps);
        await turn();
      }
      console.log(JSON.stringify({ steps, peakBytes: addon.memory().peakBytes }));
    `)) as { steps: number; peakBytes: number };
    expect(steps).toBe(20_000);
    expect(peakBytes).toBeLessThan(1e9);
  });
});
