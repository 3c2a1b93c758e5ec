import { PLError } from '../errors/pl-error.js';
import type { GradientClipAlgorithm } from '../hooks/signatures.js';
import type { OptimizerHandle } from '../loops/manual-optimization.js';
import type { LogOptions } from '../loops/results.js';
import { clipGradNorm, clipGradValue } from '../optim/clip-gradients.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import type * as tf from '../tf.js';
import type { Trainer } from '../trainer/trainer.js';
import { completeHparams } from './hparams.js';
import { namedParameters, namedVariables } from './named-variables.js';

/**
 * Base class of models: tfjs layers and variables as properties, and methods that `@TrainingStep`, `@Hook(…)` and
 * their like make known to the trainer.
 *
 * @typeParam H the hyper-parameters, declared by `@Hparams` on the constructor's parameter
 */
export abstract class LightningModule<H extends object = object> {
  /** The hyper-parameters: validated and with their defaults when the project was compiled, as given otherwise. */
  readonly hparams: Required<H>;
  /** Whether the module is in training mode; what dropout and batch normalisation ask. */
  training = true;
  /**
   * Whether the trainer runs backward pass and optimizer after each training step. A module that sets it to false
   * does so itself, with `optimizers()` and `manualBackward()`.
   */
  readonly automaticOptimization: boolean = true;
  #trainer: Trainer | undefined;

  /** @throws PLError PL2xxx when a hyper-parameter does not fit its declaration */
  constructor(hparams?: H) {
    this.hparams = completeHparams(new.target, hparams) as Required<H>;
  }

  /** The trainer that runs this module. */
  get trainer(): Trainer {
    if (this.#trainer !== undefined) return this.#trainer;
    throw new PLError('PL5009', `${this.constructor.name} is not attached to a trainer.`, {
      hint: 'Use it from a hook, or after trainer.fit(model) began.',
    });
  }

  set trainer(trainer: Trainer) {
    this.#trainer = trainer;
  }

  get currentEpoch(): number {
    return this.#trainer?.currentEpoch ?? 0;
  }

  get globalStep(): number {
    return this.#trainer?.globalStep ?? 0;
  }

  /** Trainable variables, in declaration order: what goes into an optimizer. */
  parameters(): tf.Variable[] {
    return Array.from(this.namedParameters().values());
  }

  /** Trainable variables by path, such as `net.0.kernel`. */
  namedParameters(): Map<string, tf.Variable> {
    return namedParameters(this);
  }

  /** All variables by path, moving averages and frozen ones included: what a checkpoint keeps. */
  stateDict(): Map<string, tf.Variable> {
    return namedVariables(this);
  }

  /**
   * The optimizers that `configure_optimizers` returned, for a training step that optimizes itself: one, or several
   * in their order.
   */
  optimizers(): OptimizerHandle | readonly OptimizerHandle[] {
    const { optimizers } = this.trainer.manualOptimization;
    return optimizers.length === 1 ? optimizers[0]! : optimizers;
  }

  /** The learning-rate schedulers that `configure_optimizers` returned: none, one, or several in their order. */
  lrSchedulers(): undefined | LRScheduler | readonly LRScheduler[] {
    const schedulers = this.trainer.lrSchedulerConfigs.map(({ scheduler }) => scheduler);
    return schedulers.length <= 1 ? schedulers[0] : schedulers;
  }

  /**
   * Adds the gradients of a loss to those of the parameters, inside of a training step that optimizes itself.
   *
   * @throws PLError PL5020 where optimization is automatic
   */
  manualBackward(loss: tf.Scalar): void {
    this.trainer.manualOptimization.backward(loss);
  }

  /** Limits `manualBackward` to the parameters of one optimizer, until `untoggleOptimizer`. */
  toggleOptimizer(optimizer: OptimizerHandle): void {
    this.trainer.manualOptimization.toggle(optimizer);
  }

  untoggleOptimizer(): void {
    this.trainer.manualOptimization.untoggle();
  }

  /** Limits the gradients that an optimizer is about to use: their norm over all, or each value. */
  clipGradients(
    optimizer: Pick<OptimizerHandle, 'paramGroups'>,
    gradientClipVal: number,
    gradientClipAlgorithm: GradientClipAlgorithm = 'norm',
  ): void {
    const params = optimizer.paramGroups.flatMap((group) => group.params);
    if (gradientClipAlgorithm === 'value') clipGradValue(params, gradientClipVal);
    else clipGradNorm(params, gradientClipVal);
  }

  /** Switches to training mode, or away from it. */
  train(mode = true): this {
    this.training = mode;
    return this;
  }

  /** Switches to evaluation mode. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Records a metric: for loggers, the progress bar, callbacks that monitor it.
   *
   * @param value a number or a tensor with one element; it is read at once and may be disposed
   * @throws PLError PL5002 outside of training, validation and test, PL5004 when the same name was logged with
   * other options, PL5005 for a tensor with more than one element
   */
  log(name: string, value: number | tf.Scalar, options?: LogOptions): void {
    this.trainer.log(name, value, options);
  }

  /** `log` for each entry. */
  logDict(values: Readonly<Record<string, number | tf.Scalar>>, options?: LogOptions): void {
    for (const [name, value] of Object.entries(values)) this.log(name, value, options);
  }
}
