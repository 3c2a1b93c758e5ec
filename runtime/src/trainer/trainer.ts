import { join } from 'node:path';
import type { Callback } from '../callbacks/callback.js';
import { GradientAccumulationScheduler } from '../callbacks/gradient-accumulation-scheduler.js';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.js';
import type { DataLoader } from '../data/data-loader.js';
import type { SelectedEngine } from '../engines/selected-engine.js';
import { PLError } from '../errors/pl-error.js';
import type { EvaluationStage, TrainerFn } from '../hooks/signatures.js';
import type { Logger } from '../loggers/logger.js';
import type { FitRun } from '../loops/fit-run.js';
import type { LogOptions, LogValue } from '../loops/log-options.js';
import type { ManualOptimization } from '../loops/manual-optimization.js';
import type { Metrics } from '../loops/results.js';
import type { LightningDataModule } from '../module/lightning-data-module.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { LRSchedulerConfig } from '../optim/lr-schedulers/config.js';
import type { Optimizer } from '../optim/optimizer.js';
import { createPrecision, setMatmulPrecision } from '../precision/create-precision.js';
import { parsePrecision } from '../precision/parse-precision.js';
import type { PrecisionPlugin } from '../precision/precision-plugin.js';
import { createStrategy } from '../strategies/create-strategy.js';
import { selectProcessEngine } from '../strategies/process-engine.js';
import type { Strategy } from '../strategies/strategy.js';
import { checkCall } from './check-call.js';
import { checkOptions } from './check-options.js';
import { type CheckpointSource, captureCheckpoint, restore } from './checkpointing.js';
import type { GivenData } from './data-source.js';
import { estimateSteps } from './estimate-steps.js';
import { evaluate, requireLoaders, requireStep } from './evaluate.js';
import { fit, requireTraining } from './fit.js';
import { adviseOnFit } from './fit-advice.js';
import { Interruption } from './interruption.js';
import { MetricBoard } from './metric-board.js';
import { Notices } from './notices.js';
import { type ResolvedTrainerConfig, resolveTrainerConfig, type TrainerOptions } from './options.js';
import { callbacksOf, loggersOf } from './run-parts.js';
import { RunView } from './run-view.js';
import { Session } from './session.js';
import type { RunningStage, TrainerState } from './state.js';

interface RunOptions {
  datamodule?: LightningDataModule;
  /** A checkpoint: its path, `'best'` for the best one of this trainer's own fit, or `'last'`. */
  ckptPath?: string;
}

export interface FitOptions extends RunOptions {
  trainDataloader?: DataLoader<unknown>;
  valDataloaders?: DataLoader<unknown> | readonly DataLoader<unknown>[];
}

export interface EvaluationOptions extends RunOptions {
  dataloaders?: DataLoader<unknown> | readonly DataLoader<unknown>[];
}

/**
 * Runs a module: training, validation, test, prediction, with everything around them.
 *
 * @example
 * ```ts
 * const trainer = new Trainer({ maxEpochs: 10 });
 * await trainer.fit(new DigitsClassifier(), { datamodule: new DigitsData() });
 * const [metrics] = await trainer.test(model, { datamodule, ckptPath: 'best' });
 * ```
 */
export class Trainer extends RunView {
  readonly config: ResolvedTrainerConfig;
  readonly callbacks: readonly Callback[];
  readonly loggers: readonly Logger[];
  /** How many processes train together, and what they do together. */
  readonly strategy: Strategy;
  readonly state: TrainerState = { status: 'initializing', fn: null, stage: null };
  readonly metrics = new MetricBoard(() => this.#session?.results);
  /** Ends training after the running batch, once minEpochs and minSteps are met. */
  shouldStop = false;
  /** The optimizers of the running or last fit. */
  optimizers: readonly Optimizer[] = [];
  /** The learning-rate schedulers of the running or last fit. */
  lrSchedulerConfigs: readonly LRSchedulerConfig[] = [];
  /** Training batches per epoch; Infinity for data without length. */
  numTrainingBatches = Number.POSITIVE_INFINITY;
  /** The checkpoint that the running or last call started from. */
  ckptPath: string | undefined;
  /** Whether the running fit validates. */
  validates = false;
  /** What executes the tensor operations, once a run has begun. */
  engine: SelectedEngine | undefined;
  /** How the runs compute. What it has learned about the loss scale stays from one fit to the next. */
  #precision: PrecisionPlugin | undefined;
  readonly #notices = new Notices();
  #manual: ManualOptimization | undefined;
  #session: Session | undefined;
  #fitRun: FitRun | undefined;

  /**
   * @throws PLError PL5012, PL5031 and PL8201 for settings and callbacks that make no sense, alone or together, PL81xx for an
   * environment of several processes that does
   */
  constructor(options: TrainerOptions = {}) {
    super();
    checkOptions(options);
    this.config = resolveTrainerConfig(options);
    this.strategy = createStrategy(this.config);
    const loggers = loggersOf(options, this.config);
    this.loggers = this.isGlobalZero ? loggers : [];
    this.callbacks = callbacksOf(options, this.config);
  }

  /** The running epoch, from 0; after training the number of epochs that ran. */
  get currentEpoch(): number {
    return this.#session?.progress.epoch ?? 0;
  }

  /** Optimizer steps taken. */
  get globalStep(): number {
    return this.#session?.progress.globalStep ?? 0;
  }

  /** Whether the running training batch is the epoch's last. */
  get isLastBatch(): boolean {
    return this.#fitRun?.isLastBatch ?? false;
  }

  /** The training data of the running or last fit. */
  get trainDataloader(): DataLoader<unknown> | undefined {
    return this.#session?.fitData?.trainDataloader;
  }

  /**
   * Optimizer steps that the running fit takes if nothing ends it early: what schedules over a whole training need in
   * `configure_optimizers`. Infinity without limit. Asks for the training data if nobody did before.
   *
   * @throws PLError PL5037 outside of fit, and where the hook `train_dataloader` is asynchronous
   */
  get estimatedSteppingBatches(): number {
    const data = this.#session?.fitData;
    if (data !== undefined) {
      const scheduler = this.callbacks.find((callback) => callback instanceof GradientAccumulationScheduler);
      return estimateSteps(
        this.config,
        () => data.lengthNow(),
        scheduler && ((epoch) => scheduler.batchesPerStep(epoch)),
      );
    }
    throw new PLError('PL5037', 'estimatedSteppingBatches was asked for outside of fit.', {
      hint: "Ask in 'configure_optimizers' or a later hook of fit.",
    });
  }

  /** The latest value of every metric, by name: what callbacks monitor. */
  get callbackMetrics(): Readonly<Metrics> {
    return this.metrics.callback;
  }

  /** The latest values that went to the loggers. */
  get loggedMetrics(): Readonly<Metrics> {
    return this.metrics.logged;
  }

  /** The latest values for the progress bar. */
  get progressBarMetrics(): Readonly<Metrics> {
    return this.metrics.progressBar;
  }

  /** What a module with `automaticOptimization = false` works with. @throws PLError PL5020 for any other */
  get manualOptimization(): ManualOptimization {
    if (this.#manual !== undefined) return this.#manual;
    throw new PLError('PL5020', 'manual optimization was used in a module whose optimization is automatic.', {
      hint: 'Set `override readonly automaticOptimization = false` in the module.',
    });
  }

  set manualOptimization(manual: ManualOptimization | undefined) {
    this.#manual = manual;
  }

  /** The module of the running or last call. */
  get module(): LightningModule | undefined {
    return this.#session?.module;
  }

  get datamodule(): LightningDataModule | undefined {
    return this.#session?.data.datamodule;
  }

  /**
   * Makes the engine that the settings ask for the current one, as every run does at its beginning. Called before a
   * model is built, it spares the model's weights the move.
   *
   * @throws PLError PL6xxx when the engine or the device is not there, PL8202 when it cannot do trainer.precision
   */
  async selectEngine(): Promise<SelectedEngine> {
    const { engine, accelerator, deterministic, threads } = this.config;
    this.engine = await selectProcessEngine(
      { engine, accelerator, deterministic, ...(threads !== null && { threads }) },
      this.strategy,
    );
    const { precision, matmulPrecision } = this.config;
    if (matmulPrecision !== null) setMatmulPrecision(matmulPrecision, this.engine);
    this.#precision ??= createPrecision(parsePrecision(precision), this.engine);
    return this.engine;
  }

  /** Trains the module. @throws Interruption after Ctrl-C, with a checkpoint written */
  fit(module: LightningModule, options: FitOptions = {}): Promise<void> {
    return this.#together(() => this.#fit(module, options));
  }

  /** What the other processes know about the first one's logger is its folder. */
  #shareLogDir(): void {
    if (this.strategy.worldSize === 1) return;
    const logDir = this.strategy.broadcast(this.logDir);
    if (!this.isGlobalZero) this.sharedLogDir = logDir;
  }

  /** Runs `body` in all processes of the run; when it fails in one, the others hear of it. */
  async #together<Result>(body: () => Promise<Result>): Promise<Result> {
    if (this.worldSize > 1) await this.strategy.connect(await this.selectEngine());
    try {
      return await body();
    } catch (error) {
      if (!(error instanceof Interruption)) await this.strategy.fail(error);
      throw error;
    }
  }

  async #fit(module: LightningModule, options: FitOptions): Promise<void> {
    checkCall('fit', module, options);
    const { datamodule, ckptPath, trainDataloader, valDataloaders } = options;
    this.shouldStop = false;
    this.#fitRun = undefined;
    const session = await this.#begin('fit', 'train', module, {
      ...(datamodule && { datamodule }),
      ...(trainDataloader && { trainDataloader }),
      ...(valDataloaders && { evaluationDataloaders: valDataloaders }),
    });
    requireTraining(session);
    adviseOnFit(session);
    const source = await this.#read(ckptPath);
    const endSync = this.config.syncBatchnorm ? this.strategy.synchronizeBatchNorm() : undefined;
    try {
      await session.run(async () => {
        await restore(session, source);
        try {
          await fit(session, source, (run) => {
            this.#fitRun = run;
          });
        } catch (error) {
          if (error instanceof Interruption) error.checkpointPath = await this.#saveInterrupted();
          throw error;
        }
      });
    } finally {
      endSync?.();
      // Not before the hooks of an exception: they may save a checkpoint of the running epoch.
      await (this.#fitRun as FitRun | undefined)?.close();
    }
  }

  /**
   * Runs the validation data through the module. Without a module: through that of the last call, with the weights of
   * its best checkpoint unless `ckptPath` says otherwise.
   *
   * @returns the metrics, per data loader
   */
  async validate(module?: LightningModule, options: EvaluationOptions = {}): Promise<Metrics[]> {
    return (await this.#together(() => this.#evaluate('validate', 'validation', module, options))).metrics;
  }

  /** As `validate`, with the test data. @returns the metrics, per data loader */
  async test(module?: LightningModule, options: EvaluationOptions = {}): Promise<Metrics[]> {
    return (await this.#together(() => this.#evaluate('test', 'test', module, options))).metrics;
  }

  /**
   * Collects what `predict_step` returns. Without a module as `validate`.
   *
   * In several processes each returns the predictions of its own part of the data; no sample is left out or predicted
   * twice. Of `n` processes that with rank `r` has the samples `r`, `r + n`, `r + 2n`, … of the data loader's order:
   * value `i` of its batch `b` belongs to sample `(b * batchSize + i) * n + r`. To collect them, write them down in
   * `on_predict_batch_end`, to a file for each `trainer.globalRank`, or set `trainer.devices` to 1.
   *
   * @returns per data loader and batch; the tensors in it belong to the caller
   */
  async predict(module?: LightningModule, options: EvaluationOptions = {}): Promise<unknown[][]> {
    return (await this.#together(() => this.#evaluate('predict', 'predict', module, options))).predictions;
  }

  async #evaluate(
    fn: 'validate' | 'test' | 'predict',
    stage: EvaluationStage,
    given: LightningModule | undefined,
    options: EvaluationOptions,
  ) {
    const module = given ?? this.#lastModule(fn);
    checkCall(fn, module, options);
    const { datamodule, dataloaders, ckptPath = given === undefined ? 'best' : undefined } = options;
    const session = await this.#begin(fn, fn, module, {
      ...(datamodule && { datamodule }),
      ...(dataloaders && { evaluationDataloaders: dataloaders }),
    });
    requireStep(session, stage);
    const source = await this.#read(ckptPath);
    return session.run(async () => {
      await restore(session, source);
      session.precision.convert(session.module.parameters());
      this.strategy.syncModule(session.module);
      session.describeRun();
      return evaluate(session, stage, await requireLoaders(session, stage), {
        loggerStep: session.progress.batchesThatStepped,
      });
    });
  }

  #lastModule(fn: TrainerFn): LightningModule {
    if (this.module !== undefined) return this.module;
    throw new PLError('PL5032', `${fn} got no module, and there is none from a call before.`, {
      hint: `Pass one: trainer.${fn}(model, { dataloaders }).`,
    });
  }

  /** Chooses the engine and sets up what one call needs. */
  async #begin(
    fn: TrainerFn,
    stage: RunningStage,
    module: LightningModule,
    given: GivenData,
  ): Promise<Session> {
    await this.selectEngine();
    this.state.fn = fn;
    this.state.stage = stage;
    this.metrics.clear();
    const progress = fn === 'fit' ? undefined : this.#session?.progress;
    this.#session = new Session(this, module, fn, given, this.#precision!);
    if (progress !== undefined) this.#session.progress = progress;
    this.#shareLogDir();
    return this.#session;
  }

  /** Reads the checkpoint that a call starts from, before the call changes anything. */
  async #read(ckptPath: string | undefined): Promise<CheckpointSource | undefined> {
    const path = ckptPath === undefined ? undefined : this.#resolveCkptPath(ckptPath, this.state.fn!);
    this.ckptPath = path;
    return path === undefined ? undefined : { path, checkpoint: await readCheckpoint(path) };
  }

  #resolveCkptPath(ckptPath: string, fn: TrainerFn): string | undefined {
    if (ckptPath !== 'best' && ckptPath !== 'last') return ckptPath;
    const callback = this.checkpointCallback;
    const path =
      ckptPath === 'best' ? callback?.bestModelPath : callback?.lastModelPath || callback?.bestModelPath;
    if (path) return path;
    if (fn === 'fit' && ckptPath === 'last') {
      this.warn("ckptPath is 'last', but there is no checkpoint yet: training begins anew.");
      return undefined;
    }
    throw new PLError(
      'PL5017',
      `ckptPath is '${ckptPath}', but this trainer has written no such checkpoint.`,
      {
        hint: 'Call fit first, or give the path of a .ckpt file.',
      },
    );
  }

  /**
   * Writes everything that a later `fit(…, { ckptPath })` needs to go on from here. Called in all processes of a run;
   * the first one writes.
   *
   * @throws PLError PL3xxx when the file cannot be written; an older file of that name stays whole
   */
  async saveCheckpoint(path: string, { weightsOnly = false } = {}): Promise<void> {
    const session = this.#session;
    if (session === undefined) {
      throw new PLError('PL5009', 'saveCheckpoint was called before any run: there is nothing to save.', {
        hint: 'Call fit first.',
      });
    }
    const checkpoint = await captureCheckpoint(session, this.#fitRun, weightsOnly);
    if (this.isGlobalZero) await writeCheckpoint(path, checkpoint);
    this.strategy.barrier();
  }

  async #saveInterrupted(): Promise<string | undefined> {
    const callback = this.checkpointCallback;
    if (callback === undefined || this.#fitRun === undefined || this.config.fastDevRun !== false) return;
    const name = `interrupted-epoch=${this.currentEpoch}-step=${this.globalStep}.ckpt`;
    const path = join(callback.dirpath ?? this.logDir, name);
    await this.saveCheckpoint(path);
    return path;
  }

  /** Says something that may be a mistake: one line on stderr, and every line once. */
  warn(line: string): void {
    this.#notices.warn(line);
  }

  /** Where `LightningModule.log` ends up. */
  log(name: string, value: LogValue, options?: LogOptions): void {
    if (this.config.barebones) {
      this.warn('trainer.barebones is true: log records nothing.');
      return;
    }
    if (options?.rankZeroOnly && !this.isGlobalZero) return;
    if (this.#session === undefined) {
      throw new PLError('PL5002', `log('${name}') was called before any run.`, {
        hint: 'Call it from a hook.',
      });
    }
    this.#session.results.log(name, value, options);
  }
}
