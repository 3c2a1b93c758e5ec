import type { LoaderState } from '../data/data-loader.js';
import type { BackwardPass, ManualStepOutput, TrainingStepOutput } from '../hooks/signatures.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { LRScheduler } from '../optim/lr-schedulers/lr-scheduler.js';
import type { Optimizer } from '../optim/optimizer.js';
import { withTape } from '../optim/tape.js';
import type { ReductionContext } from '../strategies/strategy.js';
import type * as tf from '../tf.js';
import { AutomaticOptimization } from './automatic-optimization.js';
import type { BatchStream } from './batch-stream.js';
import { EpochOutputs } from './epoch-outputs.js';
import type { LoopHost } from './loop-host.js';
import type { LRSchedules, SchedulerMoment } from './lr-schedules.js';
import type { ManualOptimization } from './manual-optimization.js';
import { type FitProgress, startOfEpoch } from './progress.js';
import { Results, type ResultsState } from './results.js';
import { StepOutputs } from './step-outputs.js';
import { StoppingRule } from './stopping-rule.js';
import { emptyTrainingData, requireSameEnd, WeightsCheck } from './training-checks.js';
import { ValidationSchedule } from './validation-schedule.js';

/** An epoch's place in its data, and what its metrics have accumulated. */
export interface EpochState {
  loader: LoaderState;
  results: ResultsState;
  /** Whether the epoch is to go on; false between epochs. */
  open: boolean;
}

/** The data of one epoch. */
export interface OpenedEpoch<Batch> {
  stream: BatchStream<Batch>;
  /** Number of batches, limits applied; undefined when the data has no length. */
  length: number | undefined;
}

/** What a fit needs besides the trainer: model, optimizer, data, and where to begin. */
export interface FitPlan<Batch> {
  model: LightningModule;
  /** One for automatic optimization, any number for manual. */
  optimizers: readonly Optimizer[];
  schedules: LRSchedules;
  /** What the module does for itself where `automaticOptimization` is false. */
  manual: ManualOptimization | undefined;
  progress: FitProgress;
  /** Opens the batches of one epoch, `resumeFrom` a place in it. */
  openEpoch(resumeFrom?: LoaderState): Promise<OpenedEpoch<Batch>>;
  /** Runs the validation loop; undefined when there is nothing to validate. */
  validate: (() => Promise<void>) | undefined;
  /** Set when a checkpoint from the middle of an epoch is resumed. */
  resumeFrom?: Pick<EpochState, 'loader' | 'results'>;
}

const none: readonly never[] = [];

/** One fit under way: what the training loop walks along. */
export class FitRun<Batch = unknown> {
  readonly model: LightningModule;
  /** The optimizer of automatic optimization. */
  readonly optimizer: Optimizer;
  readonly automaticOptimization: boolean;
  readonly progress: FitProgress;
  readonly results: Results;
  readonly #host: LoopHost;
  readonly #plan: FitPlan<Batch>;
  readonly #stopping: StoppingRule;
  #validation: ValidationSchedule | undefined;
  #validatedAt = performance.now();
  /** Whether gradients that overflowed kept the optimizer from stepping after the running batch. */
  #heldBack = false;
  readonly #automatic: AutomaticOptimization;
  readonly #weights: WeightsCheck;
  #resumeFrom: FitPlan<Batch>['resumeFrom'];
  #stream: BatchStream<Batch> | undefined;
  /** Of the epoch that ended last. */
  #closed: EpochState | undefined;
  readonly #outputs = new StepOutputs();
  readonly #epochOutputs = new EpochOutputs();

  constructor(host: LoopHost, plan: FitPlan<Batch>) {
    this.#host = host;
    this.#plan = plan;
    this.results = new Results({ training: true, strategy: host.strategy });
    this.model = plan.model;
    this.optimizer = plan.optimizers[0]!;
    this.automaticOptimization = plan.manual === undefined;
    this.progress = plan.progress;
    this.#resumeFrom = plan.resumeFrom;
    this.#stopping = new StoppingRule(host.config);
    this.#weights = new WeightsCheck(plan.model);
    this.#automatic = new AutomaticOptimization(host, this.optimizer, this.#weights);
    if (plan.resumeFrom) this.results.loadState(plan.resumeFrom.results);
  }

  get currentEpoch(): number {
    return this.progress.epoch;
  }

  /** What the last training step gave: its record with `loss`, or an empty one. Valid until the next batch. */
  get outputs(): StepOutputs['record'] {
    return this.#outputs.record;
  }

  /** Index of the running batch within its epoch. */
  get batchIdx(): number {
    return this.#stream?.batchIdx ?? -1;
  }

  /** Whether the running batch is its epoch's last. */
  get isLastBatch(): boolean {
    return this.#stream?.isLast ?? false;
  }

  get gradientClipVal(): number | null {
    return this.#host.config.gradientClipVal;
  }

  get gradientClipAlgorithm(): 'norm' | 'value' | null {
    return this.gradientClipVal === null ? null : this.#host.config.gradientClipAlgorithm;
  }

  async trainStart(): Promise<void> {
    this.#host.results = this.results;
    this.results.phase = 'on_train_start';
    await this.#host.callbacks.call('on_train_start', []);
  }

  /** Opens the next epoch's data; false when training is done. */
  async nextEpoch(): Promise<boolean> {
    this.#host.agreeOnStop();
    this.#host.checkInterrupt();
    if (this.done || this.#stopsEarly) return false;
    const { stream, length } = await this.#plan.openEpoch(this.#resumeFrom?.loader);
    this.#stream = stream;
    this.#validation = new ValidationSchedule(this.#host.config, length);
    return true;
  }

  /** Whether nothing is left to train. */
  get done(): boolean {
    return this.#stopping.done(this.progress);
  }

  /** False in an epoch whose beginning ran before a resume. */
  get startsEpoch(): boolean {
    return this.#resumeFrom === undefined;
  }

  async trainEpochStart(): Promise<void> {
    this.results.phase = 'on_train_epoch_start';
    await this.#host.callbacks.call('on_train_epoch_start', []);
  }

  /** Whether validation comes before the next batch. */
  get validationDue(): boolean {
    const { progress } = this;
    if (progress.validated || this.#plan.validate === undefined) return false;
    if (this.#stopsEarly) return true;
    return this.#validation!.isDue(progress, this.#stream!.isLast, this.#secondsSinceValidation);
  }

  get #secondsSinceValidation(): number {
    const seconds = (performance.now() - this.#validatedAt) / 1000;
    // The clock of one process decides for all.
    return this.#validation!.goesByTime ? this.#host.strategy.broadcast(seconds) : seconds;
  }

  enterValidation(): void {
    this.results.phase = 'on_validation_model_zero_grad';
    this.#host.state.stage = 'validate';
  }

  /** Runs the validation loop, then training goes on. */
  async validate(): Promise<void> {
    await this.#plan.validate!();
    this.#host.agreeOnStop();
    this.#validatedAt = performance.now();
    this.#host.state.stage = 'train';
    this.#host.results = this.results;
  }

  get #stopsEarly(): boolean {
    return this.#host.shouldStop && this.#stopping.mayStopEarly(this.progress);
  }

  /** The next batch of the epoch; undefined after the last, or when training stops here. */
  nextBatch(): Batch | undefined | Promise<Batch | undefined> {
    this.results.phase = 'on_before_batch_transfer';
    this.#resumeFrom = undefined;
    const pause = this.#host.pause();
    return pause === undefined ? this.#fetch() : pause.then(() => this.#fetch());
  }

  #fetch(): Batch | undefined | Promise<Batch | undefined> {
    const { progress } = this;
    this.#host.checkInterrupt();
    if (progress.batches > 0 && (progress.globalStep >= this.#stopping.maxSteps || this.#stopsEarly)) return;
    const stream = this.#stream!;
    const batch = stream.next();
    if (stream.hasLength || this.#host.strategy.worldSize === 1) return batch;
    return Promise.resolve(batch).then((fetched) => {
      requireSameEnd(this.#host.strategy, fetched === undefined || stream.isLast, stream.batchIdx);
      return fetched;
    });
  }

  trainBatchStart(batch: Batch): void | Promise<void> {
    this.#heldBack = false;
    this.results.beginBatch(batch);
    this.results.phase = 'on_train_batch_start';
    return this.#host.callbacks.call('on_train_batch_start', [batch, this.batchIdx]);
  }

  /** Ends the epoch before the running batch is used. */
  skipRestOfEpoch(): void {
    this.#stream!.release();
  }

  /** Whether the running batch is the first whose gradients go into the next step. */
  get startsAccumulation(): boolean {
    return this.batchIdx % this.#host.config.accumulateGradBatches === 0;
  }

  /** Whether the optimizer steps after the running batch. */
  get endsAccumulation(): boolean {
    return (this.batchIdx + 1) % this.#host.config.accumulateGradBatches === 0 || this.#stream!.isLast;
  }

  /** Runs `forward` on the tape and adds the gradients of its loss to those of the parameters. */
  backward(forward: () => tf.Scalar | undefined): tf.Scalar | undefined {
    return this.#step(() => this.#automatic.backward(forward, this.#reduction));
  }

  /** As `backward`, with the module's own backward pass. */
  backwardBy(forward: () => tf.Scalar | undefined, own: BackwardPass): tf.Scalar | undefined {
    return this.#step(() =>
      this.#automatic.backwardBy(forward, this.#reduction, (loss, propagate) => {
        this.results.phase = 'backward';
        own(loss, propagate);
      }),
    );
  }

  /** How the ranks' gradients become one; before the last batch of a window each rank adds up its own. */
  get #reduction(): ReductionContext | undefined {
    return this.endsAccumulation ? { expectsAll: this.progress.globalStep === 0 } : undefined;
  }

  #step(forwardAndBackward: () => tf.Scalar | undefined): tf.Scalar | undefined {
    this.results.phase = 'training_step';
    const loss = forwardAndBackward();
    this.#outputs.loss = loss;
    return loss;
  }

  /** Runs a training step in the precision of the run. */
  forward<Result>(step: () => Result): Result {
    return this.#host.precision.forward(step);
  }

  /** The loss in what a training step returned. */
  loss(output: TrainingStepOutput): tf.Scalar | undefined {
    if (output === undefined) {
      this.#host.warn(
        "A 'training_step' returned nothing: the optimizer steps with the gradients that there are, if any.",
      );
    }
    return this.#outputs.take(output);
  }

  beforeZeroGrad(): void {
    this.results.phase = 'on_before_zero_grad';
    this.#host.callbacks.callSync('on_before_zero_grad', [this.optimizer]);
  }

  beforeBackward(loss: tf.Scalar | undefined): void {
    this.results.phase = 'on_before_backward';
    if (loss !== undefined) this.#host.callbacks.callSync('on_before_backward', [loss]);
  }

  afterBackward(loss: tf.Scalar | undefined): void {
    this.results.phase = 'on_after_backward';
    if (loss !== undefined) this.#host.callbacks.callSync('on_after_backward', []);
  }

  /** From here on the gradients are those of the loss itself, whatever it was multiplied by. */
  beforeOptimizerStep(): void {
    this.#host.precision.unscale(this.optimizer);
    this.results.phase = 'on_before_optimizer_step';
    this.#host.callbacks.callSync('on_before_optimizer_step', [this.optimizer]);
  }

  clipGradients(): void {
    const { gradientClipVal, gradientClipAlgorithm } = this;
    if (!gradientClipVal || gradientClipAlgorithm === null) return;
    this.model.clipGradients(this.optimizer, gradientClipVal, gradientClipAlgorithm);
  }

  /** Leaves the optimizer nothing to step with, if gradients overflowed in 16 bits. */
  holdBack(): void {
    this.#heldBack = this.#host.precision.holdBack(this.optimizer);
  }

  /** A training step that optimizes for itself. */
  manualStep(step: () => ManualStepOutput): void {
    this.results.phase = 'training_step';
    withTape(() => this.#outputs.takeAll(this.forward(step)));
  }

  /** Counts the batch that was just trained on. */
  countStep(): void {
    const { progress } = this;
    if (progress.totalBatches === 0) this.#weights.check();
    progress.logStep = progress.batchesThatStepped;
    if (this.endsAccumulation) {
      if (this.automaticOptimization) progress.globalStep++;
      progress.batchesThatStepped++;
    }
    progress.batches = this.batchIdx + 1;
    progress.totalBatches++;
    progress.validated = false;
    progress.batchDone = false;
  }

  /** The schedulers whose turn it is, each with the metric that it watches. */
  dueSchedulers(moment: SchedulerMoment): readonly [LRScheduler, number | undefined][] {
    const { schedules } = this.#plan;
    const { progress } = this;
    if (schedules.configs.length === 0 || !this.automaticOptimization) return none;
    this.results.phase = 'lr_scheduler_step';
    if (moment === 'validation') {
      if (progress.batchDone) return [];
      progress.batchDone = true;
    }
    return schedules.due(moment, progress, {
      stepped: this.endsAccumulation && !this.#heldBack,
      lastOfEpoch: this.#stream!.isLast,
    });
  }

  stepSchedulers(moment: SchedulerMoment): void {
    for (const [scheduler, metric] of this.dueSchedulers(moment)) scheduler.step(metric);
  }

  trainBatchEnd(batch: Batch): void | Promise<void> {
    this.results.phase = 'on_train_batch_end';
    return this.#host.callbacks.call('on_train_batch_end', [this.outputs, batch, this.batchIdx]);
  }

  /** Hands the step's metrics to the loggers when it is their turn, and frees what the batch made. */
  finishBatch(): void {
    this.#host.agreeOnStop();
    this.#host.publish();
    if (this.#logsStep) this.#host.logMetrics(this.results.forLoggers(), this.progress.logStep);
    this.results.endBatch();
    this.#freeBatch();
  }

  get #logsStep(): boolean {
    const { config, shouldStop } = this.#host;
    const { logEveryNSteps } = config;
    if (logEveryNSteps === 0 || (this.automaticOptimization && !this.endsAccumulation)) return false;
    return (this.progress.logStep + 1) % logEveryNSteps === 0 || shouldStop;
  }

  /** Keeps what the step gave until the hooks of the epoch's end. */
  keepOutputs(): void {
    this.#outputs.moveTo(this.#epochOutputs);
  }

  /** The batches are through, the outputs that were kept come next. */
  endBatches(): void {
    this.#epochOutputs.beginHook();
    this.results.endBatches();
    this.results.phase = 'training_epoch_end';
  }

  /** What was kept, by batch. Of an epoch that was resumed, it is that of the batches since. */
  get epochOutputs(): unknown[] {
    return this.#epochOutputs.ofLoader(0);
  }

  /** Logs the norms of the gradients, where the settings ask for it. */
  logGradNorms(): void {
    this.#host.logGradNorms();
  }

  async trainEpochEnd(): Promise<void> {
    if (this.batchIdx === -1) throw emptyTrainingData();
    this.#epochOutputs.free();
    this.results.endBatches();
    this.results.reduceEpoch();
    this.results.phase = 'on_train_epoch_end';
    await this.#host.callbacks.call('on_train_epoch_end', [], (callback) => !callback.monitors);
  }

  logEpoch(): void {
    this.results.reduceEpoch();
    this.#host.publish();
    this.#host.logMetrics(this.results.forLoggers(), this.progress.logStep);
    this.results.reset();
  }

  /** Lets the callbacks that judge the epoch's metrics have their say, then closes the epoch. */
  async finishEpoch(): Promise<void> {
    this.progress.epochEnded = true;
    this.results.phase = 'on_train_epoch_end';
    await this.#host.callbacks.call('on_train_epoch_end', [], (callback) => callback.monitors);
    await this.close();
    Object.assign(this.progress, startOfEpoch(this.progress, this.progress.epoch + 1));
  }

  async trainEnd(): Promise<void> {
    this.results.phase = 'on_train_end';
    await this.#host.callbacks.call('on_train_end', []);
  }

  /** What a checkpoint needs besides the progress; undefined before the first epoch. */
  epochState(): EpochState | undefined {
    if (this.#stream === undefined) return this.#closed;
    // A batch that failed was handed out, but not trained on: it comes again.
    const loader = { ...this.#stream.state(), position: this.progress.batches };
    return { loader, results: this.results.state(), open: !this.progress.epochEnded };
  }

  /** Whether gradients wait for the rest of their window. */
  get accumulating(): boolean {
    return this.progress.batches > 0 && this.#stream !== undefined && !this.endsAccumulation;
  }

  /** Frees the running batch and ends the epoch's stream. */
  async close(): Promise<void> {
    this.#freeBatch();
    this.#epochOutputs.free();
    if (this.#stream === undefined) return;
    this.#closed = { ...this.epochState()!, results: [], open: false };
    await this.#stream.close();
    this.#stream = undefined;
  }

  #freeBatch(): void {
    this.#outputs.free();
    this.#stream?.release();
  }
}
