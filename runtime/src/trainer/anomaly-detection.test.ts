import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { crossEntropy } from '../functional/cross-entropy.js';
import { Hook, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { Trainer } from './trainer.js';

type Compute = (x: tf.Tensor, model: Model) => tf.Tensor;

class Model extends LightningModule {
  readonly w = tf.variable(tf.tensor1d([1, 2]));

  constructor(
    private readonly compute: Compute,
    private readonly lr = 0.1,
    private readonly check: Compute = compute,
  ) {
    super();
  }

  @TrainingStep
  learn(x: tf.Tensor) {
    return this.compute(x, this).sum() as tf.Scalar;
  }

  @ValidationStep
  measure(x: tf.Tensor) {
    this.log('val_loss', this.check(x, this).sum() as tf.Scalar);
  }

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: this.lr });
  }
}

const loader = (rows: number[][]) => new DataLoader(rows.map((row) => Float32Array.from(row)));

function fit(
  model: Model,
  rows = [
    [1, 2],
    [0, 3],
    [2, 1],
  ],
  detectAnomaly = true,
): Promise<void> {
  const trainer = new Trainer({
    // Each engine has kernels of its own to name.
    engine: 'ort',
    maxEpochs: 2,
    detectAnomaly,
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    logger: false,
  });
  return trainer.fit(model, { trainDataloader: loader(rows), valDataloaders: loader([[1, 2]]) });
}

describe('detectAnomaly', () => {
  it('names the operation, the hook and the batch of the forward pass', async () => {
    await expect(fit(new Model((x, { w }) => w.mul(x.log())))).rejects.toThrow(
      'Log gave -Infinity in training_step (epoch 0, batch 1, step 1).',
    );
  });

  it('names the operation whose gradient is not finite', async () => {
    await expect(fit(new Model((x, { w }) => w.mul(x).sqrt()))).rejects.toThrow(
      /^\w+ gave Infinity for the gradient of Sqrt in the backward pass of training_step \(epoch 0, batch 1, step 1\)\.$/,
    );
  });

  it('names operations with a gradient of their own, and what in them went wrong', async () => {
    const ignored: Compute = (x, { w }) =>
      crossEntropy(w.mul(x).reshape([1, 2]), tf.tensor1d([-100], 'int32'));
    await expect(fit(new Model(ignored, 0.1, (x) => x))).rejects.toThrow(
      /^crossEntropy gave NaN in training_step/,
    );
    const custom = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc) => ({
      value: (x as tf.Tensor).log(),
      gradFunc: (dy: tf.Tensor) => dy,
    }));
    await expect(
      fit(
        new Model(
          (x, { w }) => custom(w.mul(x)),
          0.1,
          (x) => x,
        ),
      ),
    ).rejects.toThrow('Log gave -Infinity in training_step');
  });

  it('names the hook of an evaluation', async () => {
    const model = new Model(
      (x, { w }) => w.mul(x),
      0.1,
      (x) => x.sub(x).log(),
    );
    await expect(fit(model)).rejects.toThrow('Log gave -Infinity in validation_step (epoch 0, step 0).');
  });

  it('names the variable that a step of the optimizer broke', async () => {
    await expect(fit(new Model((x, { w }) => w.mul(x).square(), 1e38))).rejects.toThrow(
      /the variable 'w' held (NaN|-?Infinity) when Multiply read it in training_step \(epoch 0, batch \d, step \d\)/,
    );
  });

  it('tells data that is broken', async () => {
    await expect(fit(new Model((x, { w }) => w.mul(x)), [[1, Number.NaN]])).rejects.toThrow(
      'the data held NaN when Multiply read it in training_step (epoch 0, batch 0, step 0).',
    );
  });

  it('lets infinite masks pass', async () => {
    const masked: Compute = (x, { w }) =>
      tf.softmax(w.mul(x).add(tf.tensor1d([0, Number.NEGATIVE_INFINITY]))).square();
    await expect(fit(new Model(masked))).resolves.toBeUndefined();
  });

  it('leaves the engine as it was, however the run ends, and does not touch it when it is off', async () => {
    const engine = tf.engine() as unknown as { runKernelFunc: unknown; addTapeNode: unknown };
    const before = [engine.runKernelFunc, engine.addTapeNode];
    await expect(fit(new Model((x, { w }) => w.mul(x.log())))).rejects.toThrow('Log');
    await fit(new Model((x, { w }) => w.mul(x)));
    expect([engine.runKernelFunc, engine.addTapeNode]).toEqual(before);
    const seen = new Set<unknown>();
    await fit(
      new Model((x, { w }) => {
        seen.add(engine.runKernelFunc);
        return w.mul(x.log());
      }),
      [[0, 1]],
      false,
    );
    expect([...seen]).toEqual([before[0]]);
  });
});
