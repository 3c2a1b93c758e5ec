import { Hook, LightningModule, SGD, TrainingStep, tf, ValidationStep } from '@pl-ts/runtime';

export interface Batch {
  /** `[4, 8]` */
  x: tf.Tensor2D;
  /** `[4, 1]` */
  y: tf.Tensor2D;
}

/** When each step began, in milliseconds. */
export class Clock {
  readonly #times: Float64Array;
  #count = 0;

  constructor(steps: number) {
    this.#times = new Float64Array(steps);
  }

  mark(): void {
    this.#times[this.#count++] = performance.now();
  }

  /** Microseconds from each step to the next, without the first ones; then the clock is as new. */
  take(skipped: number): Float64Array {
    const times = this.#times.subarray(skipped, this.#count);
    this.#count = 0;
    return Float64Array.from({ length: times.length - 1 }, (_, i) => 1000 * (times[i + 1]! - times[i]!));
  }
}

/** `Linear(8, 1)` with the squared error. */
export class Linear extends LightningModule {
  readonly weight = tf.variable(tf.zeros([8, 1])) as tf.Variable<tf.Rank.R2>;
  readonly bias = tf.variable(tf.zeros([1]));

  constructor(
    readonly clock: Clock,
    /** Whether steps log their loss. */
    readonly logs: boolean,
  ) {
    super();
  }

  loss({ x, y }: Batch): tf.Scalar {
    return x.matMul(this.weight).add(this.bias).sub(y).square().mean();
  }

  @TrainingStep
  learn(batch: Batch) {
    this.clock.mark();
    const loss = this.loss(batch);
    if (this.logs) this.log('train_loss', loss, { onStep: true, onEpoch: true, progBar: true });
    return loss;
  }

  @ValidationStep
  check(batch: Batch) {
    this.clock.mark();
    const loss = this.loss(batch);
    if (this.logs) this.log('val_loss', loss);
  }

  @Hook('configure_optimizers')
  newOptimizer() {
    return new SGD(this.parameters(), { lr: 0.01 });
  }
}
