import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import * as tf from '../tf.js';
import { BatchStream } from './batch-stream.js';

const numbers = (n: number) => Array.from({ length: n }, (_, i) => Float32Array.of(i));
const first = (batch: tf.Tensor) => batch.dataSync()[0];

async function drain(stream: BatchStream<tf.Tensor2D>) {
  const seen: [value: number | undefined, batchIdx: number, isLast: boolean][] = [];
  for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) {
    seen.push([first(batch), stream.batchIdx, stream.isLast]);
  }
  await stream.close();
  return seen;
}

describe('BatchStream', () => {
  it('hands out batches in order and knows the last', async () => {
    const loader = new DataLoader(numbers(3));
    expect(await drain(new BatchStream(loader))).toEqual([
      [0, 0, false],
      [1, 1, false],
      [2, 2, true],
    ]);
  });

  it('knows the last batch of data without length by reading one ahead', async () => {
    const loader = new DataLoader(numbers(3).values());
    expect((await drain(new BatchStream(loader as never))).map(([, , last]) => last)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('stops at its limit', async () => {
    const seen = await drain(new BatchStream(new DataLoader(numbers(9)), { limit: 2 }));
    expect(seen.map(([value, , last]) => [value, last])).toEqual([
      [0, false],
      [1, true],
    ]);
  });

  it.each([
    ['with a length', () => new DataLoader(numbers(4))],
    ['without a length', () => new DataLoader(numbers(4).values()) as never],
  ])('frees each batch, and what was made with it, of data %s', async (_, loader) => {
    const before = tf.memory().numTensors;
    const stream = new BatchStream<tf.Tensor2D>(loader());
    for (let batch = await stream.next(); batch !== undefined; batch = await stream.next()) batch.add(1);
    await stream.close();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on where another stream was, without length too', async () => {
    for (const loader of [
      new DataLoader(numbers(4)),
      new DataLoader({ [Symbol.iterator]: () => numbers(4).values() }),
    ]) {
      const stream = new BatchStream<tf.Tensor2D>(loader as never);
      await stream.next();
      await stream.next();
      const state = stream.state();
      await stream.close();
      const resumed = await drain(new BatchStream<tf.Tensor2D>(loader as never, { resumeFrom: state }));
      expect(resumed.map(([value, batchIdx]) => [value, batchIdx])).toEqual([
        [2, 2],
        [3, 3],
      ]);
    }
  });
});
