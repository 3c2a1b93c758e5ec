import { describe, expect, it } from 'vitest';
import '../engines/default.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, TrainingStep } from '../hooks/decorators.js';
import { Logger } from '../loggers/logger.js';
import { LightningModule } from '../module/lightning-module.js';
import { setGrad } from '../optim/gradients.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import { Trainer } from '../trainer/trainer.js';
import { gradNorms } from './grad-norms.js';

describe('gradNorms', () => {
  const params = () => {
    const [a, b, c] = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([1])), tf.variable(tf.zeros([1]))];
    setGrad(a, tf.tensor1d([3, -4]));
    setGrad(b, tf.tensor1d([12]));
    return new Map([
      ['net.a', a],
      ['net.b', b],
      ['net.unused', c],
    ]);
  };

  it.each([
    [2, { 'grad_2.0_norm/net.a': 5, 'grad_2.0_norm/net.b': 12, 'grad_2.0_norm_total': 13 }],
    [1, { 'grad_1.0_norm/net.a': 7, 'grad_1.0_norm/net.b': 12, 'grad_1.0_norm_total': 19 }],
    ['inf', { 'grad_inf_norm/net.a': 4, 'grad_inf_norm/net.b': 12, grad_inf_norm_total: 12 }],
    [
      1.5,
      {
        'grad_1.5_norm/net.a': (3 ** 1.5 + 4 ** 1.5) ** (1 / 1.5),
        'grad_1.5_norm/net.b': 12,
        'grad_1.5_norm_total': (3 ** 1.5 + 4 ** 1.5 + 12 ** 1.5) ** (1 / 1.5),
      },
    ],
  ] as const)('of type %s, of each parameter that has a gradient and of all', (type, expected) => {
    const norms = gradNorms(params(), type);
    expect(Object.keys(norms)).toEqual(Object.keys(expected));
    for (const [name, norm] of Object.entries(expected)) expect(norms[name]).toBeCloseTo(norm, 12);
  });

  it('are none where there is no gradient', () => {
    expect(gradNorms(new Map([['w', tf.variable(tf.zeros([1]))]]), 2)).toEqual({});
  });
});

describe('trackGradNorm', () => {
  class Line extends LightningModule {
    readonly w = tf.variable(tf.tensor1d([1, 1]));
    override readonly automaticOptimization: boolean = true;

    @TrainingStep
    learn(x: tf.Tensor2D): tf.Scalar | undefined {
      return this.w.mul(x).sum() as tf.Scalar;
    }

    @Hook('on_before_optimizer_step')
    halve() {
      setGrad(this.w, tf.tensor1d([0, 6]));
    }

    @Hook('configure_optimizers')
    newOptimizer() {
      return new SGD(this.parameters(), { lr: 0 });
    }
  }

  class ByHand extends Line {
    override readonly automaticOptimization = false;

    @TrainingStep
    override learn(x: tf.Tensor2D) {
      const optimizer = this.optimizers() as SGD;
      optimizer.zeroGrad();
      this.manualBackward(this.w.mul(x).sum() as tf.Scalar);
      optimizer.step();
      return undefined;
    }
  }

  class Rows extends Logger {
    readonly name = 'rows';
    readonly version = 0;
    readonly rows: Readonly<Record<string, number>>[] = [];
    logHyperparams(): void {}
    logMetrics(metrics: Readonly<Record<string, number>>): void {
      this.rows.push(metrics);
    }
  }

  it.each([Line, ByHand])(
    'logs the norms that the optimizer meets, before they are clipped: %s',
    async (Module) => {
      const logger = new Rows();
      const trainer = new Trainer({
        maxEpochs: 1,
        trackGradNorm: 2,
        logEveryNSteps: 1,
        logger,
        enableCheckpointing: false,
        enableProgressBar: false,
        enableModelSummary: false,
        ...(Module === Line && { gradientClipVal: 1 }),
      });
      await trainer.fit(new Module(), { trainDataloader: new DataLoader([Float32Array.of(1, 2)]) });
      expect(logger.rows).toEqual([
        { epoch: 0, 'grad_2.0_norm/w_step': 6, 'grad_2.0_norm_total_step': 6 },
        { epoch: 0, 'grad_2.0_norm/w_epoch': 6, 'grad_2.0_norm_total_epoch': 6 },
      ]);
    },
  );
});
