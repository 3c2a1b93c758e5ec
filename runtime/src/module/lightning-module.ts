import { announce } from '../callbacks/announce.js';
import { applyToCollection } from '../data/apply-to-collection.js';
import { PLError } from '../errors/pl-error.js';
import type { GradientClipAlgorithm } from '../hooks/signatures.js';
import type { LogOptions, LogValue } from '../loops/log-options.js';
import type { OptimizerHandle } from '../loops/manual-optimization.js';
import { clipGradNorm, clipGradValue } from '../optim/clip-gradients.js';
import { clearGrads } from '../optim/gradients.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import { paramsOf } from '../optim/params-of.js';
import * as tf from '../tf.js';
import type { Trainer } from '../trainer/trainer.js';
import { completeHparams } from './hparams.js';
import { moduleFromCheckpoint } from './load-from-checkpoint.js';
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
  /** Whether `prepare_data` runs once on each host (true), or on the first host only, where they share a file system. */
  prepareDataPerNode = true;
  #trainer: Trainer | undefined;

  /**
   * A module as a checkpoint has it: built with the hyper-parameters that are kept there, with its weights.
   *
   * @param hparams hyper-parameters to use in place of the checkpoint's, or that it leaves out
   * @param options.strict false leaves alone what only the module or only the checkpoint has; default true
   * @throws PLError PL2xxx when a hyper-parameter does not fit, PL3xxx when the file cannot be read or is that of
   * another model
   * @example
   * ```ts
   * const model = await DigitsClassifier.loadFromCheckpoint('best.ckpt', { dropout: 0 });
   * ```
   */
  static loadFromCheckpoint<Module extends LightningModule, Hparams>(
    this: new (
      hparams: Hparams,
    ) => Module,
    path: string,
    hparams: Partial<NonNullable<Hparams>> = {},
    options: { strict?: boolean } = {},
  ): Promise<Module> {
    // biome-ignore lint/complexity/noThisInStatic: the class on which it was called
    return moduleFromCheckpoint(this, path, hparams, options);
  }

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

  /** Number of this process among all of the run, 0 without a trainer. */
  get globalRank(): number {
    return this.#trainer?.globalRank ?? 0;
  }

  /** Number of this process among those of its host. */
  get localRank(): number {
    return this.#trainer?.localRank ?? 0;
  }

  /**
   * The tensors of all processes, stacked: `[worldSize, ...shape]`; where there is one process, as they are. Called in all
   * processes at once, with tensors of the same shape. Gradients do not flow through it.
   *
   * @param data a tensor, or a record or array with tensors in it
   */
  allGather<Data>(data: Data): Data {
    const { strategy } = this.trainer;
    return applyToCollection(data, tf.Tensor, (tensor) => strategy.allGather(tensor)) as Data;
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

  /** Frees the gradients of all variables (PyTorch's `Module.zero_grad`), as the trainer does before a validation. */
  zeroGrad(): void {
    clearGrads(this.stateDict().values());
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

  /**
   * Limits the gradients that an optimizer is about to use: their norm over all, or each value. What is null, the
   * trainer's settings decide; without a limit there either, the gradients stay as they are.
   *
   * @throws PLError PL5012 when the trainer has another limit
   */
  clipGradients(
    optimizer: Pick<OptimizerHandle, 'paramGroups'> & { unscale?(): void },
    gradientClipVal: number | null = null,
    gradientClipAlgorithm: GradientClipAlgorithm | null = null,
  ): void {
    const limit = clippingLimit(this.#trainer, gradientClipVal);
    if (limit === null) return;
    optimizer.unscale?.();
    const params = paramsOf(optimizer);
    if ((gradientClipAlgorithm ?? this.#trainer?.config.gradientClipAlgorithm) === 'value')
      clipGradValue(params, limit);
    else clipGradNorm(params, limit);
  }

  /**
   * Records a metric: for loggers, the progress bar, callbacks that monitor it. In the hooks of training batches the
   * value is the step's, elsewhere it goes into the epoch's mean, unless `onStep` and `onEpoch` say otherwise. With
   * both, the step's value is shown as `<name>_step` and the epoch's as `<name>_epoch`.
   *
   * Each hook has its own set of options for a name, fixed by its first call. Readers see the name's latest value until
   * the epoch ends, also at steps that did not log it. Without a trainer nothing is recorded.
   *
   * @param value a number or a tensor with one element; it is read at once and may be disposed
   * @throws PLError PL5002 outside of training, validation and test, PL5003 for levels that the hook does not have,
   * PL5004 when the same hook logged the name with other options, PL5005 for a value that is not one number, PL5060 for
   * an unknown reduction, PL5061 for a name that ends in `/dataloader_idx_<i>`
   */
  log(name: string, value: LogValue, options?: LogOptions): void {
    if (this.#trainer !== undefined) this.#trainer.log(name, value, options);
    else warnOfMissingTrainer();
  }

  /** `log` for each entry. @throws PLError PL5005 for something else than a record */
  logDict(values: Readonly<Record<string, LogValue>>, options?: LogOptions): void {
    if (
      typeof values !== 'object' ||
      values === null ||
      Array.isArray(values) ||
      values instanceof tf.Tensor
    ) {
      throw new PLError('PL5005', 'logDict was called without a record of metrics.', {
        hint: 'Give each metric its name: logDict({ name: value, … }).',
      });
    }
    for (const [name, value] of Object.entries(values)) this.log(name, value, options);
  }
}

/** The limit that the trainer's settings give, unless there is one already. */
function clippingLimit(trainer: Trainer | undefined, given: number | null): number | null {
  const set = trainer?.config.gradientClipVal ?? null;
  if (set === null || given === null || given === set) return given ?? set;
  throw new PLError(
    'PL5012',
    `clipGradients was called with the limit ${given}, but trainer.gradientClipVal is ${set}.`,
    { hint: 'Leave it out in one of the two places.' },
  );
}

let warnedOfMissingTrainer = false;

/** Steps can be tried without a trainer: that is no error. */
function warnOfMissingTrainer(): void {
  if (warnedOfMissingTrainer) return;
  warnedOfMissingTrainer = true;
  announce(
    'A module without a trainer records no metrics: log does nothing until trainer.fit, validate or test.',
  );
}
