import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Callback,
  DataLoader,
  Hook,
  type HookName,
  hookNames,
  LightningDataModule,
  LightningModule,
  type LRScheduler,
  type OptimizerHandle,
  ReduceLROnPlateau,
  SGD,
  StepLR,
  Trainer,
  type TrainerConfig,
  tf,
} from '@pl-ts/runtime';

/** What the reference files call a scenario's `data`. */
export interface ScenarioData {
  train: number;
  val: number;
  val_loaders?: number;
  predict_loaders?: number;
  none_at?: number[];
  raise_at?: [epoch: number, batch: number];
  iterable?: boolean;
  log?: boolean;
  /** Two SGD optimizers, weight and bias, each stepped by the training step. */
  manual?: boolean;
  /** StepLR(1) with this interval; both intervals; ReduceLROnPlateau on val_loss with this interval. */
  sched?: 'step' | 'epoch';
  sched_freq?: number;
  sched_both?: boolean;
  sched_plateau?: 'step' | 'epoch';
}

/** source, hook, numbers among the arguments, `fn/stage`, epoch, step */
export type HookEvent = [string, string, number[], string, number, number];

/** Records every hook of a module, a data module and a callback while a real trainer runs them. */
export class Recording {
  readonly events: HookEvent[] = [];
  readonly trainer: Trainer;
  readonly model: LightningModule;
  readonly datamodule: LightningDataModule;

  constructor(
    config: TrainerConfig,
    data: ScenarioData,
    onEvent: (event: HookEvent, trainer: Trainer) => unknown = () => {},
  ) {
    const record = (source: string, hook: string, args: readonly unknown[]) => {
      const { state, currentEpoch, globalStep } = this.trainer;
      const numbers = args.filter((arg) => typeof arg === 'number');
      const event: HookEvent = [
        source,
        hook,
        numbers,
        `${state.fn}/${state.stage}`,
        currentEpoch,
        globalStep,
      ];
      this.events.push(event);
      return onEvent(event, this.trainer);
    };
    this.model = recordingModel(data, record);
    this.datamodule = recordingDataModule(data, record);
    this.trainer = new Trainer({
      numSanityValSteps: 2,
      logEveryNSteps: 1,
      enableProgressBar: false,
      enableModelSummary: false,
      enableCheckpointing: false,
      defaultRootDir: mkdtempSync(join(tmpdir(), 'hook-order-')),
      logger: false,
      ...config,
      callbacks: [recordingCallback(record)],
    });
  }
}

/** @returns what the hook is to return, where a scenario says so */
type RecordHook = (source: string, hook: string, args: readonly unknown[]) => unknown;
type Method = (this: never, ...args: never[]) => unknown;

/** A subclass of `base` whose hooks are the given methods, each recorded when it is called. */
function recorded<Base extends abstract new (...args: never[]) => object>(
  base: Base,
  source: string,
  record: RecordHook,
  names: readonly HookName[],
  methods: Record<string, Method>,
): new () => InstanceType<Base> {
  const Recorded =
    class extends (base as unknown as new () => object) {} as unknown as new () => InstanceType<Base>;
  for (const name of names) {
    const method = methods[name];
    Object.defineProperty(Recorded.prototype, name, {
      value(...args: never[]) {
        return record(source, name, args) ?? method?.apply(this as never, args);
      },
    });
    Hook(name)(Recorded.prototype, name, {} as never);
  }
  return Recorded;
}

/** `Linear(2, 1)` with weight 0.25 and bias 0, loss mean((y - 1)²), SGD with lr 0.01. */
function recordingModel(data: ScenarioData, record: RecordHook): LightningModule {
  abstract class Linear extends LightningModule {
    weight = tf.variable(tf.tensor2d([[0.25], [0.25]]));
    bias = tf.variable(tf.tensor1d([0]));
    override readonly automaticOptimization = data.manual !== true;

    override toggleOptimizer(optimizer: OptimizerHandle): void {
      record('module', 'toggle_optimizer', []);
      super.toggleOptimizer(optimizer);
    }
    override untoggleOptimizer(): void {
      record('module', 'untoggle_optimizer', []);
      super.untoggleOptimizer();
    }
    override manualBackward(loss: tf.Scalar): void {
      record('module', 'manual_backward', []);
      super.manualBackward(loss);
    }
  }
  const optimizeByHand = (model: Linear, x: tf.Tensor2D) => {
    quiet = false;
    for (const optimizer of model.optimizers() as OptimizerHandle[]) {
      model.toggleOptimizer(optimizer);
      const value = loss(model, x);
      optimizer.zeroGrad();
      model.manualBackward(value);
      optimizer.step();
      model.untoggleOptimizer();
    }
    quiet = true;
  };
  class RecordingSGD extends SGD {
    override zeroGrad(): void {
      if (!quiet) record('optimizer', 'zero_grad', []);
      super.zeroGrad();
    }
    override step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined {
      record('optimizer', 'step', []);
      return super.step(
        closure &&
          (() => {
            record('optimizer', 'closure', []);
            return closure();
          }),
      );
    }
  }
  // The framework's own clearing of gradients outside of the step is not an event of the reference.
  let quiet = true;
  const loss = (model: Linear, x: tf.Tensor2D) =>
    x
      .matMul(model.weight as tf.Tensor2D)
      .add(model.bias)
      .sub(1)
      .square()
      .mean() as tf.Scalar;
  const methods: Record<string, Method> = {
    training_step(this: Linear, x: tf.Tensor2D, batchIdx: number) {
      if (data.manual) return optimizeByHand(this, x);
      if (data.raise_at?.[0] === this.currentEpoch && data.raise_at[1] === batchIdx) throw new Error('boom');
      if (data.none_at?.includes(batchIdx)) return undefined;
      const value = loss(this, x);
      if (data.log) this.log('train_loss', value);
      return value;
    },
    validation_step(this: Linear, x: tf.Tensor2D) {
      const value = loss(this, x);
      if (data.log) this.log('val_loss', value);
      return value;
    },
    test_step: loss_ as Method,
    predict_step: loss_ as Method,
    configure_optimizers(this: Linear) {
      if (data.manual) return [this.weight, this.bias].map((v) => new RecordingSGD([v], { lr: 0.01 }));
      const optimizer = new RecordingSGD(this.parameters(), { lr: 0.01 });
      const frequency = data.sched_freq ?? 1;
      const step = (interval: 'step' | 'epoch') => ({
        scheduler: new StepLR(optimizer, { stepSize: 1 }),
        interval,
        frequency,
      });
      if (data.sched_both) return [[optimizer], [step('step'), step('epoch')]];
      if (data.sched) return { optimizer, lrScheduler: step(data.sched) };
      const interval = data.sched_plateau;
      if (interval === undefined) return optimizer;
      return {
        optimizer,
        lrScheduler: { scheduler: new ReduceLROnPlateau(optimizer), interval, monitor: 'val_loss' },
      };
    },
    lr_scheduler_step(scheduler: LRScheduler, metric: number | undefined) {
      scheduler.step(metric);
    },
    configure_callbacks: () => [],
    optimizer_step(_epoch: number, _batch: number, optimizer: SGD, closure: () => tf.Scalar) {
      optimizer.step(closure);
    },
    optimizer_zero_grad(_epoch: number, _batch: number, optimizer: SGD) {
      quiet = false;
      optimizer.zeroGrad();
      quiet = true;
    },
  };
  function loss_(this: Linear, x: tf.Tensor2D) {
    return loss(this, x);
  }
  const omitted =
    /_dataloader$|prepare_data|batch_transfer|transfer_batch|_model_train$|^configure_model|^backward|^(training|validation|test)_epoch_end/;
  const names = hookNames.module.filter((name) => !omitted.test(name));
  return new (recorded(Linear as never, 'module', record, names, methods))() as LightningModule;
}

function recordingDataModule(data: ScenarioData, record: RecordHook): LightningDataModule {
  const loader = (stage: string, length: number) => {
    const at = (i: number) => {
      record('data', `fetch_${stage}`, [i]);
      return Float32Array.of(i + 1, i + 1);
    };
    if (data.iterable && stage === 'train') {
      return new DataLoader({
        *[Symbol.iterator]() {
          for (let i = 0; i < length; i++) yield at(i);
        },
      });
    }
    return new DataLoader({ length, at });
  };
  const loaders = (stage: string, length: number, count?: number) =>
    count === undefined
      ? loader(stage, length)
      : Array.from({ length: count }, (_, i) => loader(`${stage}${i}`, length));
  const methods: Record<string, Method> = {
    train_dataloader: () => loader('train', data.train),
    val_dataloader: () => loaders('val', data.val, data.val_loaders),
    test_dataloader: () => loader('test', 2),
    predict_dataloader: () => loaders('predict', 2, data.predict_loaders),
    on_before_batch_transfer: (batch) => batch,
    transfer_batch_to_device: (batch) => batch,
    on_after_batch_transfer: (batch) => batch,
    state_dict: () => ({ dm: 1 }),
  };
  return new (recorded(LightningDataModule, 'datamodule', record, hookNames.data, methods))();
}

function recordingCallback(record: RecordHook): Callback {
  return new (recorded(Callback, 'callback', record, hookNames.callback, {
    state_dict: () => ({ foo: 1 }),
  }))();
}
