import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdamW,
  CSVLogger,
  DataLoader,
  EarlyStopping,
  Hook,
  LightningDataModule,
  LightningModule,
  ModelCheckpoint,
  type OptimizerHandle,
  ReduceLROnPlateau,
  SGD,
  StepLR,
  type Trainer,
  type TrainerOptions,
  tf,
} from '@pl-ts/runtime';
import { vi } from 'vitest';

/** A model, data or configuration of the reference's `run_cases`, and what is to come of it here. */
export type RunScenario =
  | {
      trainer?: TrainerOptions;
      run(trainer: Trainer): Promise<unknown>;
      /** Where the case's value is read, when the run itself returns none. */
      returns?(trainer: Trainer): unknown;
      error?: RegExp;
      /** Why an error comes where Lightning raises none, or none where it does. */
      differs?: string;
    }
  | { notHere: string };

/** Runs something, with the lines that it warned with. */
export async function recordWarnings<Value>(
  run: () => Promise<Value>,
): Promise<{ given: string[]; result: PromiseSettledResult<Value> }> {
  const given: string[] = [];
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    const [, line] = /^Warning: (.*)\n$/s.exec(String(text)) ?? [];
    if (line !== undefined) given.push(line);
    return true;
  });
  const [result] = await Promise.allSettled([run()]);
  write.mockRestore();
  return { given, result: result! };
}

/** Our line for one of Lightning's; null where there is none. */
export function fits(warnings: readonly (readonly [RegExp, RegExp | null])[], line: string): RegExp | null {
  const known = warnings.find(([lightning]) => lightning.test(line));
  if (known === undefined) throw new Error(`no counterpart is known to: ${line}`);
  return known[1];
}

type Method = (this: Model, ...args: never[]) => unknown;

/** One parameter; its sum is the loss. */
abstract class Model extends LightningModule {
  readonly p = tf.variable(tf.tensor1d([1]));

  get value(): tf.Scalar {
    return this.p.sum() as tf.Scalar;
  }
}

const usual: Record<string, Method> = {
  training_step() {
    return this.value;
  },
  validation_step() {
    this.log('val_loss', 1);
  },
  test_step() {
    this.log('test_loss', 1);
  },
  configure_optimizers() {
    return new SGD(this.parameters(), { lr: 0.1 });
  },
};

interface Changes {
  /** Hooks to have in place of the usual ones; undefined for none. */
  hooks?: Record<string, Method | undefined>;
  automaticOptimization?: boolean;
}

function model({ hooks = {}, automaticOptimization = true }: Changes = {}): LightningModule {
  class Mod extends Model {
    override readonly automaticOptimization = automaticOptimization;
  }
  for (const [name, method] of Object.entries({ ...usual, ...hooks })) {
    if (method === undefined) continue;
    Object.defineProperty(Mod.prototype, name, { value: method });
    Hook(name as 'training_step')(Mod.prototype, name, {} as never);
  }
  return new Mod();
}

const loader = (length = 3, shuffle = false) =>
  new DataLoader(
    Array.from({ length }, (_, i) => Float32Array.of(i)),
    { shuffle },
  );

class Data extends LightningDataModule {
  @Hook('train_dataloader')
  train() {
    return loader();
  }
}

/** A fit of a model with training data alone. */
const fitOf =
  (changes: Changes, data: { validates?: boolean } = {}) =>
  (trainer: Trainer): Promise<void> =>
    trainer.fit(model(changes), {
      trainDataloader: loader(),
      ...(data.validates && { valDataloaders: loader() }),
    });

const step = (training_step: Method) => fitOf({ hooks: { training_step } });
const optimizers = (configure_optimizers: Method) => fitOf({ hooks: { configure_optimizers } });
const manual = (training_step: Method) => fitOf({ hooks: { training_step }, automaticOptimization: false });
const newSGD = (module: Model) => new SGD(module.parameters(), { lr: 0.1 });

const plateau = (config: object) =>
  fitOf(
    {
      hooks: {
        configure_optimizers() {
          const optimizer = newSGD(this);
          return { optimizer, lrScheduler: { scheduler: new ReduceLROnPlateau(optimizer), ...config } };
        },
      },
    },
    { validates: true },
  );

const scheduler = (config: object) =>
  optimizers(function (this: Model) {
    const optimizer = newSGD(this);
    return { optimizer, lrScheduler: { scheduler: new StepLR(optimizer, { stepSize: 1 }), ...config } };
  });

export const runScenarios: Record<string, RunScenario> = {
  'fit without training_step': {
    run: fitOf({ hooks: { training_step: undefined } }),
    error: /Mod has no hook 'training_step'/,
  },
  'fit without configure_optimizers': {
    run: fitOf({ hooks: { configure_optimizers: undefined } }),
    error: /Mod has no hook 'configure_optimizers'/,
  },
  'fit without any of both': {
    run: fitOf({ hooks: { training_step: undefined, configure_optimizers: undefined } }),
    error: /Mod has no hook 'training_step'/,
  },
  'fit without train dataloader': {
    run: (trainer) => trainer.fit(model()),
    error: /there is no training data/,
  },
  'fit with val loader but no validation_step': {
    run: fitOf({ hooks: { validation_step: undefined } }, { validates: true }),
  },
  'fit with validation_step but no val loader': { run: fitOf({}) },
  'fit with a plain nn.Module': {
    run: (trainer) => trainer.fit(tf.sequential() as never, { trainDataloader: loader() }),
    error: /fit got a Sequential, wanted a LightningModule/,
  },
  'fit with None': {
    run: (trainer) => trainer.fit(null as never, { trainDataloader: loader() }),
    error: /fit got null, wanted a LightningModule/,
  },
  'fit dataloader and datamodule': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(), datamodule: new Data() }),
    error: /fit got both datamodule and trainDataloader/,
  },
  'fit datamodule as second positional': {
    run: (trainer) => trainer.fit(model(), new Data() as never),
    error: /fit got a Data as its second argument/,
    differs: 'the second argument is a record here',
  },
  'fit datamodule not a datamodule': {
    run: (trainer) => trainer.fit(model(), { datamodule: loader() as never }),
    error: /fit got a DataLoader as datamodule/,
  },
  'fit dataloader not iterable': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: 5 as never }),
    error: /the call got 5 in the place of a DataLoader/,
  },
  'fit train loader is a list of tensors': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: [tf.zeros([1])] as never }),
    error: /the call got a Array in the place of a DataLoader/,
  },
  'fit empty train loader': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(0) }),
    error: /the training data has no batches/,
    differs: 'training on nothing is a mistake; Lightning warns and does nothing',
  },
  'validate without validation_step': {
    run: (trainer) =>
      trainer.validate(model({ hooks: { validation_step: undefined } }), { dataloaders: loader() }),
    error: /Mod has no hook 'validation_step'/,
  },
  'test without test_step': {
    run: (trainer) => trainer.test(model({ hooks: { test_step: undefined } }), { dataloaders: loader() }),
    error: /Mod has no hook 'test_step'/,
  },
  'predict without predict_step/forward': {
    run: (trainer) => trainer.predict(model(), { dataloaders: loader() }),
    error: /Mod has no hook 'predict_step'/,
  },
  'validate without loader': {
    run: (trainer) => trainer.validate(model()),
    error: /there is no data for validate/,
  },
  'test without model': {
    run: (trainer) => trainer.test(undefined, { dataloaders: loader() }),
    error: /test got no module, and there is none from a call before/,
  },
  'validate returns': { run: (trainer) => trainer.validate(model(), { dataloaders: loader() }) },
  'training_step returns dict without loss': {
    run: step(() => ({ foo: 1 })),
    error: /returned a record with foo, wanted .* with one as 'loss'/,
  },
  'training_step returns a string': { run: step(() => 'a'), error: /returned the text 'a'/ },
  'training_step returns a float': { run: step(() => 1.5), error: /returned 1.5/ },
  'training_step returns a non-scalar tensor': {
    run: step(function (this: Model) {
      return this.p.mul(1);
    }),
    error: /must be a float32 scalar tensor, got a float32 tensor of shape \[1\]/,
  },
  'training_step returns a tensor without grad': {
    run: step(() => tf.scalar(1)),
    error: /the loss of Mod does not depend on any of its parameters/,
  },
  'training_step returns None always': { run: step(() => undefined) },
  'training_step returns a list': { run: step(() => []), error: /returned an array/ },
  'training_step wrong signature (no batch_idx)': {
    run: step(function (this: Model, _batch: tf.Tensor) {
      return this.value;
    }),
  },
  'training_step no arguments': {
    run: step(function (this: Model) {
      return this.value;
    }),
    differs: 'a method may leave out parameters that it does not need',
  },
  'training_step loss NaN': {
    run: step(function (this: Model) {
      return this.value.mul(Number.NaN);
    }),
  },
  'training_step loss NaN detect_anomaly': {
    trainer: { detectAnomaly: true },
    run: step(function (this: Model) {
      return this.value.mul(tf.sqrt(tf.neg(this.value)));
    }),
    error: /Sqrt gave NaN in training_step \(epoch 0, batch 0, step 0\)/,
  },
  'validation_step returns string': {
    run: fitOf({ hooks: { validation_step: () => 'a' } }, { validates: true }),
  },
  'configure_optimizers returns None': { run: optimizers(() => undefined) },
  'configure_optimizers returns a number': { run: optimizers(() => 1), error: /returned the number 1/ },
  'configure_optimizers returns {}': { run: optimizers(() => ({})), error: /without 'optimizer'/ },
  'configure_optimizers returns dict without optimizer': {
    run: optimizers(() => ({ monitor: 'x' })),
    error: /without 'optimizer'/,
  },
  'configure_optimizers dict extra keys': {
    run: optimizers(function (this: Model) {
      return { optimizer: newSGD(this), foo: 1 };
    }),
  },
  'configure_optimizers two optimizers, automatic': {
    run: optimizers(function (this: Model) {
      return [newSGD(this), newSGD(this)];
    }),
    error: /returned 2 optimizers, but the trainer runs one/,
  },
  'lr_scheduler dict without scheduler': {
    run: scheduler({ scheduler: undefined }),
    error: /without 'scheduler'/,
  },
  'lr_scheduler bad interval': {
    run: scheduler({ interval: 'batch' }),
    error: /interval: 'batch', wanted 'epoch' or 'step'/,
  },
  'lr_scheduler extra key': { run: scheduler({ foo: 1 }) },
  'lr_scheduler plateau without monitor': {
    run: plateau({}),
    error: /returned a ReduceLROnPlateau without 'monitor'/,
  },
  'lr_scheduler plateau bare, not in a dict': {
    run: fitOf(
      {
        hooks: {
          configure_optimizers() {
            const optimizer = newSGD(this);
            return [[optimizer], [new ReduceLROnPlateau(optimizer)]];
          },
        },
      },
      { validates: true },
    ),
    error: /returned a ReduceLROnPlateau without 'monitor'/,
  },
  'lr_scheduler plateau monitor missing key': {
    run: plateau({ monitor: 'nope' }),
    error: /ReduceLROnPlateau watches 'nope', which was not logged/,
  },
  'lr_scheduler plateau monitor missing key strict False': {
    run: plateau({ monitor: 'nope', strict: false }),
  },
  'lr_scheduler plateau ok': { run: plateau({ monitor: 'val_loss' }) },
  'lr_scheduler frequency 0': {
    run: scheduler({ frequency: 0 }),
    error: /has frequency: .*0, wanted/,
  },
  'lr_scheduler of an optimizer not returned': {
    run: optimizers(function (this: Model) {
      return { optimizer: newSGD(this), lrScheduler: new StepLR(newSGD(this), { stepSize: 1 }) };
    }),
    error: /without the optimizer \(SGD\) that it belongs to/,
  },
  'lr_scheduler not a scheduler': { run: scheduler({ scheduler: {} }), error: /returned as scheduler / },
  'optimizers tuple of lists': {
    run: optimizers(function (this: Model) {
      const optimizer = newSGD(this);
      return [[optimizer], [new StepLR(optimizer, { stepSize: 1 })]];
    }),
  },
  'optimizers list of dicts': {
    run: optimizers(function (this: Model) {
      return [{ optimizer: new AdamW(this.parameters()) }];
    }),
  },
  'ModelCheckpoint monitor missing': {
    trainer: { enableCheckpointing: true, callbacks: [new ModelCheckpoint({ monitor: 'nope' })] },
    run: fitOf({}, { validates: true }),
    error: /'nope'/,
  },
  'EarlyStopping monitor missing': {
    trainer: { callbacks: [new EarlyStopping({ monitor: 'nope' })] },
    run: fitOf({}, { validates: true }),
    error: /'nope'/,
  },
  'ckpt_path missing file': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(), ckptPath: '/nonexistent/x.ckpt' }),
    error: /\/nonexistent\/x\.ckpt/,
  },
  'ckpt_path best without checkpointing': {
    run: (trainer) => trainer.test(model(), { dataloaders: loader(), ckptPath: 'best' }),
    error: /ckptPath is 'best', but this trainer has written no such checkpoint/,
  },
  'ckpt_path last nothing there': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(), ckptPath: 'last' }),
  },
  'ckpt_path bad word': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(), ckptPath: 'worst' }),
    error: /worst/,
  },
  'test ckpt_path None no model after fit': {
    run: async (trainer) => {
      await trainer.fit(model(), { trainDataloader: loader() });
      await trainer.test(undefined, { dataloaders: loader() });
    },
    error: /ckptPath is 'best', but this trainer has written no such checkpoint/,
  },
  'manual optimization with gradient_clip_val': {
    trainer: { gradientClipVal: 1 },
    run: manual(() => undefined),
    error: /trainer.gradientClipVal has no effect on a module that optimizes itself/,
  },
  'manual optimization with accumulate': {
    trainer: { accumulateGradBatches: 2 },
    run: manual(() => undefined),
    error: /trainer.accumulateGradBatches has no effect/,
  },
  'manual_backward in automatic': {
    run: step(function (this: Model) {
      this.manualBackward(this.value);
    }),
    error: /manual optimization was used in a module whose optimization is automatic/,
  },
  'manual: training_step returns a float': { run: manual(() => 1.5), error: /returned 1.5/ },
  'manual: training_step returns dict': { run: manual(() => ({ foo: 1 })) },
  'manual: loss returned without closure': {
    run: manual(function (this: Model) {
      const optimizer = this.optimizers() as OptimizerHandle;
      const loss = this.value;
      this.manualBackward(loss);
      optimizer.step();
      return loss;
    }),
  },
  'val_check_interval larger than batches': {
    trainer: { valCheckInterval: 10 },
    run: fitOf({}, { validates: true }),
    error: /valCheckInterval is 10, but an epoch has 3 training batches/,
  },
  'limit_train_batches 0.1 of 3': {
    trainer: { limitTrainBatches: 0.1 },
    run: fitOf({}, { validates: true }),
    error: /limitTrainBatches is 0.1, which is less than one of the 3 batches/,
  },
  'limit_val_batches 0.1 of 3': {
    trainer: { limitValBatches: 0.1 },
    run: fitOf({}, { validates: true }),
    error: /limitValBatches is 0.1, which is less than one of the 3 batches/,
  },
  'limit_train_batches 0.5 of 3': {
    trainer: { limitTrainBatches: 0.5 },
    run: fitOf({}, { validates: true }),
    returns: ({ numTrainingBatches }) => numTrainingBatches,
  },
  'val_check_interval 0.1 of 3': {
    trainer: { valCheckInterval: 0.1 },
    run: fitOf({}, { validates: true }),
  },
  'overfit_batches with shuffle': {
    trainer: { overfitBatches: 2 },
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(3, true) }),
  },
  'val loader shuffle': {
    run: (trainer) => trainer.fit(model(), { trainDataloader: loader(), valDataloaders: loader(3, true) }),
  },
  'max_epochs unset': {
    trainer: { maxEpochs: null },
    run: step(function (this: Model) {
      this.trainer.shouldStop = true;
      return this.value;
    }),
    returns: ({ maxEpochs }) => maxEpochs,
  },
  'log_every_n_steps > batches': {
    trainer: {
      logger: new CSVLogger({ saveDir: mkdtempSync(join(tmpdir(), 'trainer-runs-')) }),
      logEveryNSteps: 50,
    },
    run: fitOf({}),
  },
  'module defines training_epoch_end': {
    run: fitOf({ hooks: { training_epoch_end: () => undefined } }, { validates: true }),
    differs: 'the hook of Lightning 1 exists here',
  },
  'module defines validation_epoch_end': {
    run: fitOf({ hooks: { validation_epoch_end: () => undefined } }, { validates: true }),
    differs: 'the hook of Lightning 1 exists here',
  },
  'module defines test_epoch_end': {
    run: fitOf({ hooks: { test_epoch_end: () => undefined } }, { validates: true }),
  },
  'module defines on_epoch_start': {
    notHere: 'a method without decorator is no hook, and the decorator takes no such name',
  },
  'module defines on_pretrain_routine_start': {
    notHere: 'a method without decorator is no hook, and the decorator takes no such name',
  },
  'module defines get_progress_bar_dict': {
    notHere: 'a method without decorator is no hook, and the decorator takes no such name',
  },
  'hook on_train_epoch_start raises KeyboardInterrupt': {
    notHere: 'an interruption is a signal, not an error that code throws',
  },
  'current_epoch set': {
    run: async (trainer) => {
      (trainer as { currentEpoch: number }).currentEpoch = 1;
    },
    error: /Cannot set property currentEpoch/,
  },
  'training_step with optimizer_idx argument': {
    notHere: 'the compiler compares the parameters of a hook: there is no third one',
  },
  'validation_step with dataloader_idx and one loader': {
    run: fitOf(
      {
        hooks: {
          validation_step(_batch: tf.Tensor, _batchIdx: number, dataloaderIdx: number) {
            this.log('val_loss', dataloaderIdx);
          },
        },
      },
      { validates: true },
    ),
    differs: 'the index of the data loader is always passed',
  },
  'validation_step without dataloader_idx and two loaders': {
    run: (trainer) =>
      trainer.fit(model(), { trainDataloader: loader(), valDataloaders: [loader(), loader()] }),
    differs: 'a method may leave out parameters that it does not need',
  },
};
