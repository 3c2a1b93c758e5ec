import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, TrainingStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { Trainer } from '../trainer/trainer.js';
import { GradientAccumulationScheduler } from './gradient-accumulation-scheduler.js';

/** Notes for each optimizer step the batches that were done before it, counted over all epochs. */
class Steps extends LightningModule {
  readonly weight = tf.variable(tf.scalar(1));
  readonly at: number[] = [];
  #batches = 0;

  @TrainingStep
  step(x: tf.Tensor) {
    this.#batches++;
    return x.mul(this.weight).mean() as tf.Scalar;
  }
  @Hook('on_before_optimizer_step')
  note() {
    this.at.push(this.#batches);
  }
  @Hook('configure_optimizers')
  configure() {
    return new SGD(this.parameters(), { lr: 0.1 });
  }
}

const trainerWith = (scheduling: Record<number, number>, accumulateGradBatches = 1) =>
  new Trainer({
    maxEpochs: 3,
    accumulateGradBatches,
    logger: false,
    enableCheckpointing: false,
    enableProgressBar: false,
    enableModelSummary: false,
    callbacks: [new GradientAccumulationScheduler(scheduling)],
  });
const data = () => ({ trainDataloader: new DataLoader([1, 2, 3, 4]) });

describe('GradientAccumulationScheduler', () => {
  it('changes the number of batches per step from the given epochs on', async () => {
    const model = new Steps();
    const trainer = trainerWith({ 1: 2, 2: 4 });
    await trainer.fit(model, data());
    expect(model.at).toEqual([1, 2, 3, 4, 6, 8, 12]);
    expect(trainer.config.accumulateGradBatches).toBe(1);
  });

  it('is counted in the steps that a fit is estimated to take', async () => {
    const estimates: number[] = [];
    class Estimating extends Steps {
      @Hook('on_train_start')
      estimate() {
        estimates.push(this.trainer.estimatedSteppingBatches);
      }
    }
    await trainerWith({ 1: 2, 2: 4 }).fit(new Estimating(), data());
    expect(estimates).toEqual([7]);
  });

  it('is alone in deciding', async () => {
    await expect(trainerWith({ 1: 2 }, 2).fit(new Steps(), data())).rejects.toThrow(
      'accumulateGradBatches is 2',
    );
  });

  it.each([{}, { 1: 0 }, { 1.5: 2 }, { 0: 1.5 }])('refuses %j', (scheduling) => {
    expect(() => new GradientAccumulationScheduler(scheduling as Record<number, number>)).toThrow(
      'wanted epochs',
    );
  });
});
