import { ArrayDataset } from '../data/array-dataset.js';
import { DataLoader } from '../data/data-loader.js';
import { Hook, TrainingStep, ValidationStep } from '../hooks/decorators.js';
import { LightningModule } from '../module/lightning-module.js';
import { SGD } from '../optim/sgd.js';
import * as tf from '../tf.js';
import type { TrainerOptions } from '../trainer/options.js';

type Batch = { x: tf.Tensor2D };

/** What a scripted module does besides training its two weights. */
export interface Script {
  onTrainingBatch?(module: Scripted, batchIdx: number): void;
  onValidationBatch?(module: Scripted, batchIdx: number): void;
}

/** A linear model of two weights whose metrics follow a script. */
export class Scripted extends LightningModule {
  readonly net = tf.layers.dense({ units: 1, useBias: false });

  constructor(readonly script: Script = {}) {
    super();
    this.net.build([null, 2]);
  }

  @TrainingStep
  trainingStep({ x }: Batch, batchIdx: number): tf.Scalar {
    this.script.onTrainingBatch?.(this, batchIdx);
    return tf.square(tf.sub(this.net.apply(x) as tf.Tensor, 1)).mean();
  }

  @ValidationStep
  validationStep(_batch: Batch, batchIdx: number): void {
    this.script.onValidationBatch?.(this, batchIdx);
  }

  @Hook('test_step')
  testStep({ x }: Batch): void {
    this.log('test_loss', tf.square(tf.sub(this.net.apply(x) as tf.Tensor, 1)).mean() as tf.Scalar);
  }

  @Hook('configure_optimizers')
  configureOptimizer(): SGD {
    return new SGD(this.parameters(), { lr: 0.01 });
  }
}

/** Batches of one sample each. */
export function batches(count: number): DataLoader<Batch> {
  const x = { data: new Float32Array(count * 2).fill(1), shape: [count, 2] };
  return new DataLoader(new ArrayDataset({ x }), { batchSize: 1 }) as unknown as DataLoader<Batch>;
}

export const quiet: TrainerOptions = {
  enableProgressBar: false,
  enableModelSummary: false,
  logger: false,
  numSanityValSteps: 0,
  accelerator: 'cpu',
};

/** Names as the recorded arguments of Lightning have them, in this project's spelling. */
export const camelCase = (options: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
