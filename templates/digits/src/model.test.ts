import { crossEntropy, seedEverything, Trainer } from '@pl-ts/runtime';
import { beforeEach, expect, test } from 'vitest';
import { type DigitBatch, DigitsData } from './data.js';
// Gives settings their defaults and checks; `build` writes it.
import './generated/config.js';
import { DigitsClassifier } from './model.js';

beforeEach(() => {
  seedEverything(0);
});

async function firstBatch(): Promise<DigitBatch> {
  const data = new DigitsData({ batchSize: 32 });
  await data.load();
  for await (const batch of data.trainLoader()) return batch;
  throw new Error('There are no training images.');
}

test('a batch holds images from 0 to 1 and their labels', async () => {
  const { images, labels } = await firstBatch();
  expect(images.shape).toEqual([32, 8, 8, 1]);
  expect(images.min().dataSync()[0]).toBe(0);
  expect(images.max().dataSync()[0]).toBe(1);
  expect(labels.shape).toEqual([32]);
  expect(labels.min().dataSync()[0]).toBeGreaterThanOrEqual(0);
  expect(labels.max().dataSync()[0]).toBeLessThanOrEqual(9);
});

test('the model gives one logit for each digit', async () => {
  const { images } = await firstBatch();
  expect(new DigitsClassifier().logits(images).shape).toEqual([32, 10]);
});

test('a few steps of training lower the loss', async () => {
  const { images, labels } = await firstBatch();
  const model = new DigitsClassifier();
  const loss = () => crossEntropy(model.logits(images), labels).dataSync()[0]!;
  const before = loss();
  const trainer = new Trainer({
    maxSteps: 5,
    limitValBatches: 0,
    logger: false,
    enableCheckpointing: false,
    enableModelSummary: false,
    enableProgressBar: false,
  });
  await trainer.fit(model, { datamodule: new DigitsData() });
  expect(loss()).toBeLessThan(before);
});

test('settings have the defaults of their types, and a wrong one is refused', () => {
  expect(new DigitsClassifier({ dropout: 0.5 }).hparams).toMatchObject({ dropout: 0.5, learningRate: 0.005 });
  expect(() => new DigitsClassifier({ dropout: 1.5 })).toThrow(/dropout/);
});
