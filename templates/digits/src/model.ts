import {
  AdamW,
  accuracy,
  crossEntropy,
  Hook,
  Hparams,
  LightningModule,
  PredictStep,
  TestStep,
  TrainingStep,
  tf,
  ValidationStep,
} from '@pl-ts/runtime';
import type { DigitBatch } from './data.js';

/** The settings of the model. Each is `model.<name>` in config.yaml, on the command line and in the environment. */
export interface DigitsHparams {
  /** Peak learning rate. @exclusiveMinimum 0 @default 0.005 */
  learningRate?: number;
  /** How strongly AdamW pulls the weights towards zero. @minimum 0 @default 0.01 */
  weightDecay?: number;
  /** Units of the hidden dense layer. @type integer @minimum 1 @default 128 */
  hiddenUnits?: number;
  /** The share of hidden units that is dropped in training. @minimum 0 @exclusiveMaximum 1 @default 0.25 */
  dropout?: number;
}

/** A small convolutional network that tells which digit an 8×8 image shows. */
export class DigitsClassifier extends LightningModule<DigitsHparams> {
  readonly net: tf.Sequential;

  constructor(@Hparams hparams: DigitsHparams = {}) {
    super(hparams);
    this.net = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [8, 8, 1] }),
        tf.layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same', activation: 'relu' }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: this.hparams.hiddenUnits, activation: 'relu' }),
        tf.layers.dropout({ rate: this.hparams.dropout }),
        tf.layers.dense({ units: 10 }),
      ],
    });
  }

  /** images `[batch, 8, 8, 1]` → logits `[batch, 10]` */
  logits(images: tf.Tensor4D): tf.Tensor2D {
    return this.net.apply(images, { training: this.training }) as tf.Tensor2D;
  }

  @TrainingStep
  trainOn({ images, labels }: DigitBatch): tf.Scalar {
    const loss = crossEntropy(this.logits(images), labels);
    this.log('train_loss', loss, { progBar: true });
    return loss;
  }

  @ValidationStep
  validateOn({ images, labels }: DigitBatch) {
    const logits = this.logits(images);
    this.log('val_loss', crossEntropy(logits, labels));
    this.log('val_acc', accuracy(logits, labels), { progBar: true });
  }

  @TestStep
  testOn({ images, labels }: DigitBatch) {
    const logits = this.logits(images);
    this.log('test_loss', crossEntropy(logits, labels));
    this.log('test_acc', accuracy(logits, labels));
  }

  /** For each image the digit and how sure the network is of it. */
  @PredictStep
  classify({ images }: DigitBatch) {
    const probabilities = tf.softmax(this.logits(images));
    return { digit: probabilities.argMax(1), probability: probabilities.max(1) };
  }

  @Hook('configure_optimizers')
  configureOptimizers() {
    const { learningRate, weightDecay } = this.hparams;
    return new AdamW(this.parameters(), { lr: learningRate, weightDecay });
  }
}
