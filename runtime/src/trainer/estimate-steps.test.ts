import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { batches, quiet, Scripted } from '../callbacks/scripted.test.support.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook } from '../hooks/decorators.js';
import { SGD } from '../optim/sgd.js';
import { estimateSteps } from './estimate-steps.js';
import { resolveTrainerConfig, type TrainerConfig } from './options.js';
import { Trainer } from './trainer.js';

const estimate = (config: TrainerConfig, batchesPerEpoch: number | undefined) =>
  estimateSteps(resolveTrainerConfig(config), () => batchesPerEpoch);

describe('estimateSteps', () => {
  it.each<[TrainerConfig, number | undefined, number]>([
    [{ maxEpochs: 3 }, 10, 30],
    [{ maxEpochs: 3, accumulateGradBatches: 4 }, 10, 9],
    [{ maxEpochs: 3, maxSteps: 7 }, 10, 7],
    [{ maxEpochs: 0 }, 10, 10],
    [{}, 10, 10_000],
    [{ maxEpochs: -1 }, 10, Number.POSITIVE_INFINITY],
    [{ maxEpochs: -1, maxSteps: 50 }, 10, 50],
    [{ maxSteps: 50 }, 10, 50],
    [{ maxEpochs: 3 }, undefined, Number.POSITIVE_INFINITY],
    [{ maxEpochs: 3, maxSteps: 50 }, undefined, 50],
    [{ maxTime: '00:01:00:00' }, 10, Number.POSITIVE_INFINITY],
  ])('%o with %s batches an epoch: %s', (config, batchesPerEpoch, steps) => {
    expect(estimate(config, batchesPerEpoch)).toBe(steps);
  });

  it('does not ask for data that has no part in it', () => {
    const ask = () => {
      throw new Error('asked');
    };
    expect(estimateSteps(resolveTrainerConfig({ maxSteps: 5 }), ask)).toBe(5);
  });
});

describe('estimatedSteppingBatches', () => {
  class Estimating extends Scripted {
    steps: number[] = [];
    loads = 0;
    @Hook('train_dataloader')
    load() {
      this.loads++;
      return batches(5);
    }
    @Hook('configure_optimizers')
    override configureOptimizer() {
      this.steps.push(this.trainer.estimatedSteppingBatches);
      return new SGD(this.parameters(), { lr: 0.01 });
    }
    @Hook('on_train_end')
    end() {
      this.steps.push(this.trainer.estimatedSteppingBatches, this.globalStep);
    }
  }
  const options = { ...quiet, enableCheckpointing: false };

  it('is what the fit comes to, asks once for the data, and keeps to its limits', async () => {
    for (const limitTrainBatches of [null, 2, 0.5]) {
      const module = new Estimating();
      await new Trainer({ ...options, maxEpochs: 3, accumulateGradBatches: 2, limitTrainBatches }).fit(
        module,
      );
      const expected = limitTrainBatches === null ? 9 : 3;
      expect(module.steps).toEqual([expected, expected, expected]);
      expect(module.loads).toBe(1);
    }
  });

  it('cannot wait for data', async () => {
    class Slow extends Estimating {
      @Hook('train_dataloader')
      async loadSlowly() {
        return batches(5);
      }
    }
    await expect(new Trainer({ ...options, maxEpochs: 1 }).fit(new Slow())).rejects.toThrow(
      "'train_dataloader' is asynchronous, so its length is not known here.",
    );
    const trainer = new Trainer(options);
    expect(() => trainer.estimatedSteppingBatches).toThrow('outside of fit');
  });

  it('is unlimited for data without length', async () => {
    class Endless extends Estimating {
      @Hook('train_dataloader')
      stream() {
        return new DataLoader({
          *[Symbol.iterator]() {
            yield { x: Float32Array.of(1, 1) };
          },
        }) as never;
      }
    }
    const module = new Endless();
    await new Trainer({ ...options, maxEpochs: 1 }).fit(module);
    expect(module.steps[0]).toBe(Number.POSITIVE_INFINITY);
  });
});
