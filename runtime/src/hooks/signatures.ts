import type { Callback } from '../callbacks/callback.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { DataLoader } from '../data/data-loader.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { ConfiguredOptimizers } from '../optim/lr-schedulers/config.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import type { Optimizer } from '../optim/optimizer.js';
import type * as tf from '../tf.js';
import type { Trainer } from '../trainer/trainer.js';

/** What the trainer is doing: the argument of `setup` and `teardown`. */
export type TrainerFn = 'fit' | 'validate' | 'test' | 'predict';

/** What a training step may return: the loss, a record that holds it, or nothing to leave the weights alone. */
export type TrainingStepOutput = tf.Scalar | { loss: tf.Scalar; [name: string]: unknown } | undefined | void;

/** What a training step may return that optimizes itself: whatever `on_train_batch_end` is to get. */
export type ManualStepOutput = tf.Scalar | { loss?: tf.Scalar; [name: string]: unknown } | undefined | void;

export type GradientClipAlgorithm = 'norm' | 'value';

/** Propagates a loss back to the parameters; `propagate` adds the gradients of a loss to theirs. */
export type BackwardPass = (loss: tf.Scalar, propagate: (loss: tf.Scalar) => void) => void;

/** A hook that the trainer waits for. */
type MaybeAsync = void | Promise<void>;

/**
 * A hook inside the optimizer's step, between the forward and the backward pass. It must return before the step goes
 * on, so it cannot be asynchronous: the `undefined` makes a promise a type error, which plain `void` would let pass.
 */
type Synchronous = void | undefined;

type Loaders = DataLoader<unknown> | DataLoader<unknown>[];

/** Hooks that a module and a data module share. */
export interface DataHooks {
  /** Downloads or checks data, once per machine, before `setup`. */
  prepare_data(): MaybeAsync;
  setup(stage: TrainerFn): MaybeAsync;
  teardown(stage: TrainerFn): MaybeAsync;
  train_dataloader(): DataLoader<unknown> | Promise<DataLoader<unknown>>;
  val_dataloader(): Loaders | Promise<Loaders>;
  test_dataloader(): Loaders | Promise<Loaders>;
  predict_dataloader(): Loaders | Promise<Loaders>;
  on_before_batch_transfer(batch: unknown, dataloaderIdx: number): unknown;
  transfer_batch_to_device(batch: unknown, device: string, dataloaderIdx: number): unknown;
  on_after_batch_transfer(batch: unknown, dataloaderIdx: number): unknown;
}

export interface DataModuleHooks extends DataHooks {
  on_exception(error: unknown): MaybeAsync;
  state_dict(): Record<string, unknown>;
  load_state_dict(state: Record<string, unknown>): void;
}

/** The hooks that one evaluation stage has, with the stage's name in place of `evaluation`. */
export interface EvaluationHooks {
  evaluation_step(batch: unknown, batchIdx: number, dataloaderIdx: number): unknown;
  on_evaluation_model_eval(): MaybeAsync;
  on_evaluation_model_train(): MaybeAsync;
  on_evaluation_start(): MaybeAsync;
  on_evaluation_epoch_start(): MaybeAsync;
  on_evaluation_batch_start(batch: unknown, batchIdx: number, dataloaderIdx: number): MaybeAsync;
  on_evaluation_batch_end(
    outputs: unknown,
    batch: unknown,
    batchIdx: number,
    dataloaderIdx: number,
  ): MaybeAsync;
  /**
   * Gets what the steps of the pass returned, by batch; with several data loaders by data loader and batch. Comes before
   * `on_evaluation_epoch_end`; the outputs' tensors and those made here are disposed after it, unless kept (`tf.keep`).
   */
  evaluation_epoch_end(outputs: unknown[]): MaybeAsync;
  on_evaluation_epoch_end(): MaybeAsync;
  on_evaluation_end(): MaybeAsync;
}

export type EvaluationStage = 'validation' | 'test' | 'predict';

type ForStage<
  Hook extends string,
  Stage extends EvaluationStage,
> = Hook extends `${infer Before}evaluation${infer After}` ? `${Before}${Stage}${After}` : never;

type StageHooks<Stage extends EvaluationStage> = {
  [Hook in keyof EvaluationHooks as ForStage<Hook, Stage>]: EvaluationHooks[Hook];
};

/** Every hook of a LightningModule, with its arguments. The trainer calls callbacks first, then the module. */
export interface ModuleHooks
  extends DataHooks,
    StageHooks<'validation'>,
    StageHooks<'test'>,
    Omit<StageHooks<'predict'>, 'predict_epoch_end'> {
  configure_callbacks(): Callback | Callback[];
  /** Makes layers that depend on the data; comes after `setup` of every call, and before a checkpoint is loaded. */
  configure_model(): MaybeAsync;
  /** An optimizer, several, each with a learning-rate scheduler if wanted, or nothing. */
  configure_optimizers(): ConfiguredOptimizers;

  training_step(batch: unknown, batchIdx: number): TrainingStepOutput;

  on_fit_start(): MaybeAsync;
  on_fit_end(): MaybeAsync;
  on_train_start(): MaybeAsync;
  on_train_end(): MaybeAsync;
  on_train_epoch_start(): MaybeAsync;
  /**
   * Gets what the steps of the epoch gave, by batch: a record with the loss, or what the step returned; batches without
   * are left out. Comes before `on_train_epoch_end`; the outputs' tensors and those made here are disposed after it,
   * unless kept (`tf.keep`). In an epoch that was resumed in its middle they are those of the batches since then:
   * checkpoints do not hold outputs.
   */
  training_epoch_end(outputs: unknown[]): MaybeAsync;
  on_train_epoch_end(): MaybeAsync;
  /** Returning -1 skips the rest of the epoch. */
  on_train_batch_start(batch: unknown, batchIdx: number): void | number | Promise<void | number>;
  on_train_batch_end(outputs: unknown, batch: unknown, batchIdx: number): MaybeAsync;

  on_before_zero_grad(optimizer: Optimizer): Synchronous;
  optimizer_zero_grad(epoch: number, batchIdx: number, optimizer: Optimizer): Synchronous;
  on_before_backward(loss: tf.Scalar): Synchronous;
  /** Replaces `propagate(loss)`: propagates another loss, several, or changes the gradients afterwards. */
  backward(loss: tf.Scalar, propagate: (loss: tf.Scalar) => void): Synchronous;
  on_after_backward(): Synchronous;
  on_before_optimizer_step(optimizer: Optimizer): Synchronous;
  configure_gradient_clipping(
    optimizer: Optimizer,
    gradientClipVal: number | null,
    gradientClipAlgorithm: GradientClipAlgorithm | null,
  ): Synchronous;
  /** Replaces `optimizer.step(closure)`. The closure runs forward and backward and returns the loss. */
  optimizer_step(
    epoch: number,
    batchIdx: number,
    optimizer: Optimizer,
    closure: () => tf.Scalar | undefined,
  ): Synchronous;

  /** Replaces `scheduler.step(metric)`; the metric is that of the scheduler's `monitor`. */
  lr_scheduler_step(scheduler: LRScheduler, metric: number | undefined): Synchronous;

  /** Replaces `this.zeroGrad()`, which frees the gradients before a validation between optimizer steps. */
  on_validation_model_zero_grad(): MaybeAsync;

  on_save_checkpoint(checkpoint: Checkpoint): MaybeAsync;
  on_load_checkpoint(checkpoint: Checkpoint): MaybeAsync;
}

type CallbackStageHooks<Stage extends EvaluationStage> = {
  [Hook in keyof EvaluationHooks as Hook extends `on_evaluation_model_${string}` | `evaluation_${string}`
    ? never
    : ForStage<Hook, Stage>]: (
    trainer: Trainer,
    module: LightningModule,
    ...rest: Parameters<EvaluationHooks[Hook]>
  ) => MaybeAsync;
};

/** Every hook of a Callback: as the module's, with the trainer and the module in front. */
export interface CallbackHooks
  extends CallbackStageHooks<'validation'>,
    CallbackStageHooks<'test'>,
    CallbackStageHooks<'predict'> {
  setup(trainer: Trainer, module: LightningModule, stage: TrainerFn): MaybeAsync;
  teardown(trainer: Trainer, module: LightningModule, stage: TrainerFn): MaybeAsync;
  on_fit_start(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_fit_end(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_sanity_check_start(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_sanity_check_end(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_train_start(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_train_end(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_train_epoch_start(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_train_epoch_end(trainer: Trainer, module: LightningModule): MaybeAsync;
  on_train_batch_start(
    trainer: Trainer,
    module: LightningModule,
    batch: unknown,
    batchIdx: number,
  ): MaybeAsync;
  on_train_batch_end(
    trainer: Trainer,
    module: LightningModule,
    outputs: unknown,
    batch: unknown,
    batchIdx: number,
  ): MaybeAsync;
  on_before_zero_grad(trainer: Trainer, module: LightningModule, optimizer: Optimizer): Synchronous;
  on_before_backward(trainer: Trainer, module: LightningModule, loss: tf.Scalar): Synchronous;
  on_after_backward(trainer: Trainer, module: LightningModule): Synchronous;
  on_before_optimizer_step(trainer: Trainer, module: LightningModule, optimizer: Optimizer): Synchronous;
  on_exception(trainer: Trainer, module: LightningModule, error: unknown): MaybeAsync;
  /** JSON that the checkpoint keeps for this callback. */
  state_dict(): Record<string, unknown>;
  load_state_dict(state: Record<string, unknown>): void;
  on_save_checkpoint(trainer: Trainer, module: LightningModule, checkpoint: Checkpoint): MaybeAsync;
  on_load_checkpoint(trainer: Trainer, module: LightningModule, checkpoint: Checkpoint): MaybeAsync;
}

export type HookOwner = 'module' | 'data' | 'callback';

export interface HooksOf {
  module: ModuleHooks;
  data: DataModuleHooks;
  callback: CallbackHooks;
}

export type ModuleHookName = keyof ModuleHooks;
export type DataHookName = keyof DataModuleHooks;
export type CallbackHookName = keyof CallbackHooks;
export type HookName = ModuleHookName | DataHookName | CallbackHookName;

/** The signatures that a hook may have: one for each kind of class that can have it. */
export type HookSignature<Name extends HookName> =
  | (Name extends ModuleHookName ? ModuleHooks[Name] : never)
  | (Name extends DataHookName ? DataModuleHooks[Name] : never)
  | (Name extends CallbackHookName ? CallbackHooks[Name] : never);

/** Of a class that optimizes itself. */
interface ManualHooks {
  training_step(batch: unknown, batchIdx: number): ManualStepOutput;
}

/** As `HookSignature`; a class that optimizes itself need not return a loss from its training step. */
export type HookSignatureOf<Class, Name extends HookName> = Name extends 'training_step'
  ? Class extends { readonly automaticOptimization: false }
    ? ManualHooks[Name]
    : HookSignature<Name>
  : HookSignature<Name>;

/** Which method of a class serves each hook. */
export type HookTable<Class> = { readonly [Name in HookName]?: keyof Class & string };
