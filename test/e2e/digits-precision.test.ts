import { join } from 'node:path';
import { seedEverything, Trainer, type TrainerOptions, tf } from '@pl-ts/runtime';
import { expect, test } from 'vitest';
import { loadTorchAddon } from '../../runtime/src/engines/torch/load-addon.js';
import { DigitsData } from '../../templates/digits/src/data.js';
import { DigitsClassifier } from '../../templates/digits/src/model.js';

const hasTorch = loadTorchAddon().state === 'loaded';
const path = join(import.meta.dirname, '../../templates/digits/data/digits.csv.gz');

/** The same task without convolutions. */
class DigitsMLP extends DigitsClassifier {
  readonly mlp = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 1] }),
      tf.layers.dense({ units: 64, activation: 'relu' }),
      tf.layers.dense({ units: 10 }),
    ],
  });

  override logits(images: tf.Tensor4D): tf.Tensor2D {
    return this.mlp.apply(images) as tf.Tensor2D;
  }

  override parameters() {
    return this.mlp.trainableWeights.map((weight) => weight.read() as tf.Variable);
  }
}

/** The part of the held-out digits that is read right, on average over seeds: one digit is 0.3 % of them. */
async function accuracyWith(
  Model: typeof DigitsClassifier,
  precision: NonNullable<TrainerOptions['precision']>,
) {
  const seeds = [1, 2];
  let sum = 0;
  for (const seed of seeds) {
    seedEverything(seed);
    const trainer = new Trainer({
      engine: 'torch',
      accelerator: 'cpu',
      threads: 1,
      precision,
      maxEpochs: 10,
      logger: false,
      enableCheckpointing: false,
      enableProgressBar: false,
      enableModelSummary: false,
    });
    await trainer.selectEngine();
    const model = new Model({ learningRate: 0.005, weightDecay: 0.01, hiddenUnits: 128, dropout: 0.25 });
    const datamodule = new DigitsData({ path, batchSize: 64, splitSeed: 0 });
    await trainer.fit(model, { datamodule });
    const [metrics] = await trainer.test(model, { datamodule });
    sum += metrics!.test_acc!;
  }
  return sum / seeds.length;
}

test.skipIf(!hasTorch).each([
  ['a CNN', DigitsClassifier],
  ['an MLP', DigitsMLP],
])('%s reads digits as well in bfloat16, within half a percent', async (_, Model) => {
  const float32 = await accuracyWith(Model, '32-true');
  expect(float32).toBeGreaterThanOrEqual(0.96);
  const [mixed, all] = [await accuracyWith(Model, 'bf16-mixed'), await accuracyWith(Model, 'bf16-true')];
  expect(
    { mixed: Math.abs(mixed - float32) <= 0.005, all: Math.abs(all - float32) <= 0.01 },
    `${[float32, mixed, all]}`,
  ).toEqual({
    mixed: true,
    all: true,
  });
});
