import { DataLoader, seedEverything, tf } from '@pl-ts/runtime';
import { beforeEach, expect, test } from 'vitest';
import { type DigitBatch, DigitsData } from './data.js';
import { DigitsClassifier } from './model.js';

beforeEach(() => {
  seedEverything(0);
});

async function firstBatch(): Promise<DigitBatch> {
  const data = new DigitsData({ batchSize: 32 });
  await data.load();
  for await (const batch of data.trainLoader()) return batch;
  throw new Error('The training data is empty.');
}

test('a batch holds images from 0 to 1 and their labels', async () => {
  const { images, labels } = await firstBatch();
  expect(images.shape).toEqual([32, 8, 8, 1]);
  expect(labels.shape).toEqual([32]);
  expect(images.min().dataSync()[0]).toBe(0);
  expect(images.max().dataSync()[0]).toBe(1);
  expect([...labels.dataSync()].every((label) => label >= 0 && label <= 9)).toBe(true);
});

test('the model gives one logit for each digit', async () => {
  const { images } = await firstBatch();
  expect(new DigitsClassifier().logits(images).shape).toEqual([32, 10]);
});

test('steps on one batch lower its loss', async () => {
  const batch = await firstBatch();
  const model = new DigitsClassifier();
  const optimizer = model.optimizers();
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) {
    const loss = optimizer.minimize(() => model.trainOn(batch));
    losses.push(loss.dataSync()[0]!);
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
});

test('settings have the defaults of their types', () => {
  expect(new DigitsClassifier({ dropout: 0.5 }).hparams.dropout).toBe(0.5);
});
