import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerConfig } from './options.js';
import { Trainer } from './trainer.js';

/** Every training batch takes a second, every validation ten. */
class Slow extends LightningModule {
  readonly weight = tf.variable(tf.scalar(1));
  readonly validatedAfter: number[] = [];

  @Hook('training_step')
  learn() {
    vi.advanceTimersByTime(1000);
    return this.weight.square() as tf.Scalar;
  }

  @Hook('validation_step')
  validate() {
    vi.advanceTimersByTime(10_000);
    this.validatedAfter.push(this.globalStep);
  }

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: 0.1 });
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const newTrainer = (config: TrainerConfig) =>
  new Trainer({
    maxEpochs: 3,
    numSanityValSteps: 0,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    ...config,
  });

it.each<[TrainerConfig, number[]]>([
  [{ valCheckInterval: '00:00:00:03' }, [3, 6, 9, 12]],
  [{ valCheckInterval: { seconds: 5 } }, [5, 10]],
  [{ valCheckInterval: { seconds: 5 }, checkValEveryNEpoch: 2 }, [5]],
  [{ valCheckInterval: { seconds: 5 }, checkValEveryNEpoch: null }, [5, 10]],
  [{ valCheckInterval: { minutes: 1 } }, []],
])('%j validates when the last validation was so long ago', async (config, steps) => {
  const model = new Slow();
  await newTrainer(config).fit(model, {
    trainDataloader: new DataLoader([1, 2, 3, 4]),
    valDataloaders: new DataLoader([1]),
  });
  expect(model.validatedAfter).toEqual(steps);
});

it.each(['a', { days: -1 }, true])('valCheckInterval: %j is refused', (valCheckInterval) => {
  expect(() => newTrainer({ valCheckInterval: valCheckInterval as never })).toThrow(
    expect.objectContaining({ code: 'PL5012' }),
  );
});
