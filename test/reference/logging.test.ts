import { readFileSync } from 'node:fs';
import {
  Callback,
  DataLoader,
  Hook,
  type HookName,
  LightningModule,
  Logger,
  type LogOptions,
  SGD,
  Trainer,
  type TrainerConfig,
  tf,
} from '@pl-ts/runtime';
import { describe, expect, it, vi } from 'vitest';

type Recorded = Record<string, number | 'NaN'>;

/** When something was logged or looked at. */
interface Moment {
  stage: string;
  epoch: number;
  global_step: number;
}

interface LoggerCall extends Moment {
  step: number;
  metrics: Recorded;
  train_batch_idx: number | null;
}

interface Views {
  callback_metrics: Recorded;
  logged_metrics: Recorded;
  progress_bar_metrics: Recorded;
}

interface Raised {
  class: string;
  message: string;
}

interface Reference {
  scenarios: Record<
    string,
    {
      trainer: Record<string, unknown>;
      epochs: number;
      logger_log_metrics: LoggerCall[];
      snapshots: (Moment & Views & { at: string })[];
      final: Views;
      returned?: Recorded[];
      raised?: Raised;
    }
  >;
  log_call_allowed_in_hooks: Record<
    string,
    Record<
      string,
      {
        raised?: Raised;
        logger_log_metrics?: { step: number; keys: string[] }[];
        final_callback_metrics?: string[];
        final_progress_bar_metrics?: string[];
      }
    >
  >;
  errors: Record<string, { raised: Raised | null; final_callback_metrics?: Recorded }>;
}

const read = (version: string): Reference =>
  JSON.parse(readFileSync(new URL(`logging_${version}.json`, import.meta.url), 'utf8'));

const reference = read('2.6.5');

type Methods = {
  [hook: string]: (this: LightningModule & { x(batch: tf.Tensor): tf.Scalar }, ...args: never[]) => unknown;
};

/** A module whose hooks are `methods`; it trains one weight, and `x` is the mean of a batch. */
function moduleOf(methods: Methods): LightningModule {
  class Model extends LightningModule {
    readonly weight = tf.variable(tf.scalar(1));
    x(batch: tf.Tensor): tf.Scalar {
      return batch.mean();
    }
  }
  const steps: Methods = {
    training_step(batch: tf.Tensor) {
      methods.training_step?.call(this, batch as never);
      return (this as unknown as Model).weight.mul(this.x(batch));
    },
    configure_optimizers() {
      methods.configure_optimizers?.call(this);
      return new SGD(this.parameters(), { lr: 0.01 });
    },
    optimizer_step(_epoch: number, _batchIdx: number, optimizer: SGD, closure: () => tf.Scalar) {
      methods.optimizer_step?.call(this);
      optimizer.step(closure);
    },
    optimizer_zero_grad(_epoch: number, _batchIdx: number, optimizer: SGD) {
      optimizer.zeroGrad();
    },
  };
  for (const [name, method] of Object.entries({
    validation_step() {},
    test_step() {},
    ...methods,
    ...steps,
  })) {
    Object.defineProperty(Model.prototype, name, { value: method });
    Hook(name as HookName)(Model.prototype, name, {} as never);
  }
  return new Model();
}

const loader = (values: readonly number[], batchSize = 1) =>
  new DataLoader({ length: values.length, at: (i: number) => Float32Array.of(values[i]!) }, { batchSize });

/** Hands every call to a list, with the moment at which it came. */
class RecordingLogger extends Logger {
  readonly name = 'recording';
  readonly version = 0;
  readonly calls: LoggerCall[] = [];
  trainer: Trainer | undefined;
  trainBatchIdx: number | null = null;

  logHyperparams(): void {}

  logMetrics(metrics: Readonly<Record<string, number>>, step: number): void {
    const { state, currentEpoch, globalStep } = this.trainer!;
    this.calls.push({
      step,
      metrics: comparable(metrics),
      stage: state.stage!,
      epoch: currentEpoch,
      global_step: globalStep,
      train_batch_idx: this.trainBatchIdx,
    });
  }
}

/** As in the reference: numbers as float32, NaN as text. */
function comparable(metrics: Readonly<Record<string, number>>): Recorded {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name, Number.isNaN(value) ? 'NaN' : Math.fround(value)]),
  );
}

const viewsOf = (trainer: Trainer): Views => ({
  callback_metrics: comparable(trainer.callbackMetrics),
  logged_metrics: comparable(trainer.loggedMetrics),
  progress_bar_metrics: comparable(trainer.progressBarMetrics),
});

/** Looks at the trainer's metrics in the hooks whose names are given. */
function snapshotCallback(hooks: ReadonlySet<string>, snapshots: unknown[]): Callback {
  class Snapshots extends Callback {}
  for (const hook of hooks) {
    Object.defineProperty(Snapshots.prototype, hook, {
      value(trainer: Trainer, _module: LightningModule, ...args: unknown[]) {
        const batchIdx = args.find((arg) => typeof arg === 'number');
        const { state, currentEpoch, globalStep } = trainer;
        snapshots.push({
          at: batchIdx === undefined ? hook : `${hook} ${batchIdx}`,
          stage: state.stage,
          epoch: currentEpoch,
          global_step: globalStep,
          ...viewsOf(trainer),
        });
      },
    });
    Hook(hook as HookName)(Snapshots.prototype, hook, {} as never);
  }
  return new Snapshots();
}

/** Tells the logger which training batch runs. */
class BatchWatch extends Callback {
  constructor(private readonly logger: RecordingLogger) {
    super();
  }

  @Hook('on_train_batch_start')
  begin(_trainer: Trainer, _module: LightningModule, _batch: unknown, batchIdx: number): void {
    this.logger.trainBatchIdx = batchIdx;
  }
}

function newTrainer(config: TrainerConfig, callbacks: readonly Callback[] = []) {
  const logger = new RecordingLogger();
  const trainer = new Trainer({
    maxEpochs: 1,
    numSanityValSteps: 0,
    logEveryNSteps: 1,
    enableProgressBar: false,
    enableModelSummary: false,
    enableCheckpointing: false,
    logger,
    ...config,
    callbacks: [...callbacks, new BatchWatch(logger)],
  });
  logger.trainer = trainer;
  return { trainer, logger };
}

/** A scenario's module and data: what its description says. */
interface Scenario {
  methods: Methods;
  train?: readonly number[];
  val?: readonly (readonly number[])[];
  batchSize?: number;
}

const trainFlags: Scenario = {
  train: [1, 2, 3, 4],
  methods: {
    training_step(batch) {
      const x = this.x(batch);
      this.log('default', x);
      this.log('s', x, { onStep: true, onEpoch: false });
      this.log('e', x, { onStep: false, onEpoch: true });
      this.log('both', x, { onStep: true, onEpoch: true });
      this.log('bar', x, { progBar: true });
      this.log('bar_both', x, { progBar: true, onStep: true, onEpoch: true });
      this.log('nolog', x, { logger: false });
      this.log('nolog_both', x, { logger: false, progBar: true, onStep: true, onEpoch: true });
    },
  },
};

const validationFlags: Methods = {
  validation_step(batch) {
    const x = this.x(batch);
    this.log('default', x);
    this.log('s', x, { onStep: true, onEpoch: false });
    this.log('both', x, { onStep: true, onEpoch: true, progBar: true });
  },
};

const scenarios: Record<string, Scenario> = {
  train_flags_every_1: trainFlags,
  train_flags_every_3: trainFlags,
  train_flags_every_50: trainFlags,
  train_flags_accumulate2: trainFlags,
  train_flags_fast_dev_run: trainFlags,
  batch_size_weighting: {
    train: [1, 2, 3, 4, 5],
    val: [[10, 11, 12]],
    batchSize: 2,
    methods: {
      training_step(batch: tf.Tensor) {
        const x = this.x(batch);
        const batchSize = batch.shape[0]!;
        this.log('inferred', x, { onStep: false, onEpoch: true });
        this.log('given', x, { onStep: false, onEpoch: true, batchSize });
        this.log('one', x, { onStep: false, onEpoch: true, batchSize: 1 });
        this.log('sum_given', x, { onStep: false, onEpoch: true, batchSize, reduceFx: 'sum' });
        this.log('max_given', x, { onStep: false, onEpoch: true, batchSize, reduceFx: 'max' });
      },
      validation_step(batch) {
        this.log('v_inferred', this.x(batch));
        this.log('v_one', this.x(batch), { batchSize: 1 });
      },
    },
  },
  val_flags_in_fit: { train: [1, 2], val: [[10, 11, 12]], methods: validationFlags },
  val_flags_in_fit_val_check_half: { train: [1, 2, 3, 4], val: [[10, 11]], methods: validationFlags },
  validate_two_loaders: {
    val: [
      [10, 11],
      [20, 21, 22],
    ],
    methods: validationFlags,
  },
  validate_two_loaders_no_idx_differs: {
    val: [
      [10, 11],
      [20, 21, 22],
    ],
    methods: {
      validation_step(batch) {
        validationFlags.validation_step!.call(this, batch as never);
        this.log('noidx', this.x(batch), { addDataloaderIdx: false });
      },
    },
  },
  epoch_end_hooks: {
    train: [1, 2],
    val: [[10]],
    methods: {
      on_train_start() {
        this.log('ts', 1);
      },
      on_train_epoch_start() {
        this.log('tes', 1);
      },
      on_train_batch_start(_batch, batchIdx: number) {
        this.log('tbs', batchIdx);
      },
      on_train_batch_end(_outputs, _batch, batchIdx: number) {
        this.log('tbe', batchIdx);
        this.log('tbe_e', batchIdx, { onStep: false, onEpoch: true });
      },
      on_validation_epoch_end() {
        this.log('val_end', 7 + this.currentEpoch);
      },
      on_train_epoch_end() {
        this.log('tr_end', 5);
        this.log('tr_end_bar', 6, { progBar: true });
      },
    },
  },
  step_key_overrides_x_axis: {
    train: [1, 2, 3],
    methods: {
      training_step(batch: tf.Tensor) {
        this.log('a', this.x(batch), { onStep: true, onEpoch: true });
        this.log('step', 99 + batch.dataSync()[0]!);
      },
    },
  },
  nan_value: {
    train: [1, 2, 3],
    methods: {
      training_step(batch: tf.Tensor) {
        const x = batch.dataSync()[0]!;
        this.log('a', x === 2 ? Number.NaN : x, { onStep: true, onEpoch: true });
      },
    },
  },
};

/** Scenarios that cannot be replayed, and why. */
const notApplicable: Record<string, string> = {
  torchmetrics_mean: 'it logs an object of torchmetrics: there are no metric objects here, log takes numbers',
};

const configNames: Record<string, keyof TrainerConfig> = {
  log_every_n_steps: 'logEveryNSteps',
  accumulate_grad_batches: 'accumulateGradBatches',
  fast_dev_run: 'fastDevRun',
  num_sanity_val_steps: 'numSanityValSteps',
  val_check_interval: 'valCheckInterval',
};

const configOf = (trainer: Record<string, unknown>): TrainerConfig =>
  Object.fromEntries(Object.entries(trainer).map(([name, value]) => [configNames[name] ?? name, value]));

describe('metrics reach loggers, callbacks and progress bar as Lightning 2.6 recorded', () => {
  it.each(Object.keys(reference.scenarios).filter((name) => !(name in notApplicable)))('%s', async (name) => {
    const { methods, train, val = [], batchSize } = scenarios[name]!;
    const expected = reference.scenarios[name]!;
    const snapshots: unknown[] = [];
    const looksAt = new Set(expected.snapshots.map(({ at }) => at.split(' ')[0]!));
    const { trainer, logger } = newTrainer({ maxEpochs: expected.epochs, ...configOf(expected.trainer) }, [
      snapshotCallback(looksAt, snapshots),
    ]);
    const valDataloaders = val.map((values) => loader(values, batchSize));
    const module = moduleOf(methods);
    const run = async () => {
      if (train === undefined) return trainer.validate(module, { dataloaders: valDataloaders });
      const trainDataloader = loader(train, batchSize);
      await trainer.fit(module, { trainDataloader, ...(val.length > 0 && { valDataloaders }) });
      return undefined;
    };

    if (expected.raised) await expect(run()).rejects.toMatchObject({ code: 'PL5004' });
    else expect((await run())?.map(comparable)).toEqual(expected.returned);
    expect(logger.calls).toEqual(expected.logger_log_metrics);
    expect(snapshots).toEqual(expected.snapshots);
    expect(viewsOf(trainer)).toEqual(expected.final);
  });

  it('leaves out no scenario without a reason', () => {
    expect(Object.keys(reference.scenarios).sort()).toEqual(
      [...Object.keys(scenarios), ...Object.keys(notApplicable)].sort(),
    );
  });
});

describe('log is allowed where Lightning allows it, with the same defaults', () => {
  const flags: Record<string, LogOptions> = {
    default: {},
    'on_step=True': { onStep: true },
    'on_epoch=True': { onEpoch: true },
    'on_step=False,on_epoch=False': { onStep: false, onEpoch: false },
  };
  /** Hooks of 1.9.5 that took part in several devices of one process: they went with them. */
  const notApplicable = ['training_step_end', 'validation_step_end'];
  // 2.6.5 comes second: it has the say where both have a hook.
  const allowed = {
    ...read('1.9.5').log_call_allowed_in_hooks,
    ...reference.log_call_allowed_in_hooks,
  };
  const cases = Object.entries(allowed)
    .filter(([hook]) => !notApplicable.includes(hook))
    .flatMap(([hook, byFlags]) =>
      Object.entries(byFlags).map(([flag, expected]) => ({ hook, flag, expected })),
    );

  it.each(cases)('$hook, $flag', async ({ hook, flag, expected }) => {
    const { trainer, logger } = newTrainer({});
    const options = flags[flag]!;
    const module = moduleOf({
      predict_step() {},
      // forward is no hook: the training step calls it.
      [hook === 'forward' ? 'training_step' : hook](this: LightningModule) {
        this.log('x', 1, options);
        if (hook === 'on_validation_model_eval') this.training = false;
      },
    });
    const run = async () => {
      if (/test/.test(hook)) await trainer.test(module, { dataloaders: loader([10, 11]) });
      else if (/predict/.test(hook)) await trainer.predict(module, { dataloaders: loader([10, 11]) });
      else await trainer.fit(module, { trainDataloader: loader([1, 2]), valDataloaders: loader([10]) });
    };

    if (expected.raised) {
      const noLevel = /must be one of|not useful/.test(expected.raised.message);
      await expect(run()).rejects.toMatchObject({ code: noLevel ? 'PL5003' : 'PL5002' });
      return;
    }
    await run();
    expect(logger.calls.map(({ step, metrics }) => ({ step, keys: Object.keys(metrics).sort() }))).toEqual(
      expected.logger_log_metrics,
    );
    expect(Object.keys(trainer.callbackMetrics).sort()).toEqual(expected.final_callback_metrics);
    expect(Object.keys(trainer.progressBarMetrics).sort()).toEqual(expected.final_progress_bar_metrics);
  });
});

describe('wrong calls of log are refused where Lightning 2.6 refuses them', () => {
  type Call = (module: LightningModule, batchIdx: number) => void;
  const logs =
    (value: unknown, options?: object): Call =>
    (module) =>
      module.log('x', value as never, options);

  /** What the training step does, and the code of the error if it is one. */
  const calls: Record<string, [call: Call, code?: string]> = {
    string_value: [logs('high'), 'PL5005'],
    none_value: [logs(null), 'PL5005'],
    list_value: [logs([1, 2]), 'PL5005'],
    dict_value: [logs({ a: 1 }), 'PL5005'],
    nested_dict_value: [logs({ a: { b: 1 } }), 'PL5005'],
    vector_tensor: [(module) => module.log('x', tf.ones([3]) as never), 'PL5005'],
    one_element_vector: [(module) => module.log('x', tf.ones([1]) as never)],
    bad_reduce_fx: [logs(1, { reduceFx: 'median' }), 'PL5060'],
    callable_reduce_fx: [logs(1, { reduceFx: () => 1 }), 'PL5060'],
    same_key_twice_same_args: [
      (module) => {
        module.log('x', 1);
        module.log('x', 2);
      },
    ],
    same_key_twice_other_args: [
      (module) => {
        module.log('x', 1);
        module.log('x', 2, { progBar: true });
      },
      'PL5004',
    ],
    key_other_args_in_next_batch: [
      (module, batchIdx) => module.log('x', 1, { progBar: batchIdx === 1 }),
      'PL5004',
    ],
    slash_dataloader_idx_name: [(module) => module.log('x/dataloader_idx_0', 1), 'PL5061'],
    name_not_str: [(module) => module.log(5 as never, 1), 'PL5005'],
    conflict_step_suffix: [
      (module) => {
        module.log('x', 1, { onStep: true, onEpoch: true });
        module.log('x_step', 3);
      },
    ],
    batch_size_missing_unsized: [logs(1, { onStep: true, onEpoch: true })],
    log_dict_tensor: [(module) => module.logDict({ x: tf.ones([2]) as never }), 'PL5005'],
    log_dict_not_dict: [(module) => module.logDict([1, 2] as never), 'PL5005'],
    sync_dist_single_device: [logs(1, { syncDist: true })],
  };

  const notApplicable: Record<string, string> = {
    metric_attribute_missing: 'it logs an object of torchmetrics: there are no metric objects here',
  };
  const outsideOfSteps = ['no_trainer', 'after_fit'];

  it.each(Object.entries(calls))('%s', async (name, [call, code]) => {
    const expected = reference.errors[name]!;
    const { trainer } = newTrainer({});
    // A batch without a first dimension counts as one sample.
    const data = new DataLoader({ length: 2, at: () => 1 }, { collate: () => tf.scalar(1) });
    let batchIdx = 0;
    const run = trainer.fit(
      moduleOf({
        training_step() {
          call(this, batchIdx++);
        },
      }),
      { trainDataloader: data },
    );
    expect(code !== undefined).toBe(expected.raised !== null);
    if (code === undefined) await run;
    else await expect(run).rejects.toMatchObject({ name: 'PLError', code });
    expect(comparable(trainer.callbackMetrics)).toEqual(expected.final_callback_metrics);
  });

  it('after_fit', async () => {
    const { trainer } = newTrainer({});
    const module = moduleOf({});
    await trainer.fit(module, { trainDataloader: loader([1]) });
    expect(() => module.log('x', 1)).toThrow(expect.objectContaining({ code: 'PL5002' }));
  });

  it('no_trainer: a warning, so that steps can be tried without one', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const module = moduleOf({});
    module.log('x', 1);
    module.log('x', 2);
    expect(write.mock.calls.map(([line]) => line)).toEqual([expect.stringMatching(/without a trainer/)]);
    write.mockRestore();
  });

  it('leaves out no case without a reason', () => {
    expect(Object.keys(reference.errors).sort()).toEqual(
      [...Object.keys(calls), ...Object.keys(notApplicable), ...outsideOfSteps].sort(),
    );
  });
});
