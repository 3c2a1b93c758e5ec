import { CallbackList } from '../callbacks/callback-list.js';
import type { BoundHooks } from '../hooks/bind.js';
import type { TrainerFn } from '../hooks/signatures.js';
import type { Logger } from '../loggers/logger.js';
import { gradNorms } from '../loops/grad-norms.js';
import type { LoopHost } from '../loops/loop-host.js';
import { initialProgress } from '../loops/progress.js';
import { type Metrics, Results } from '../loops/results.js';
import { boundHooks } from '../module/compiled.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { PrecisionPlugin } from '../precision/precision-plugin.js';
import { detectAnomalies } from './anomaly-detection.js';
import { Breaks } from './breaks.js';
import { DataSource, type GivenData } from './data-source.js';
import type { FitData } from './fit-data.js';
import { Interruption, InterruptionWatch } from './interruption.js';
import type { Trainer } from './trainer.js';

/** What asks a run to end; index -1 is nothing. */
const signals: readonly (NodeJS.Signals | undefined)[] = ['SIGINT', 'SIGTERM'];

/** One call of `fit`, `validate`, `test` or `predict`: what is fixed for its duration, and its beginning and end. */
export class Session implements LoopHost {
  readonly callbacks: CallbackList;
  readonly hooks: BoundHooks<'module'>;
  readonly data: DataSource;
  readonly config;
  readonly state;
  readonly strategy;
  readonly loggers: readonly Logger[];
  results = new Results();
  progress = initialProgress();
  /** The data of a fit. */
  fitData: FitData | undefined;
  readonly #watch = new InterruptionWatch();
  /** The signal that all processes of a fit know of. */
  #agreedSignal: NodeJS.Signals | undefined;
  readonly #breaks = new Breaks();

  constructor(
    readonly trainer: Trainer,
    readonly module: LightningModule,
    readonly fn: TrainerFn,
    given: GivenData,
    readonly precision: PrecisionPlugin,
  ) {
    this.config = trainer.config;
    this.state = trainer.state;
    this.strategy = trainer.strategy;
    this.loggers = trainer.loggers;
    this.hooks = boundHooks(module);
    module.trainer = trainer;
    this.data = new DataSource(module, this.hooks, given);
    if (given.datamodule) given.datamodule.trainer = trainer;
    const own = this.hooks.configure_callbacks?.() ?? [];
    this.callbacks = new CallbackList([...trainer.callbacks, ...[own].flat()], trainer, module);
  }

  get shouldStop(): boolean {
    return this.trainer.shouldStop;
  }

  set shouldStop(stop: boolean) {
    this.trainer.shouldStop = stop;
  }

  get metrics(): Readonly<Metrics> {
    return this.trainer.callbackMetrics;
  }

  publish(): void {
    this.trainer.metrics.update();
  }

  logMetrics(metrics: Metrics | undefined, step: number): void {
    if (metrics === undefined || Object.keys(metrics).length === 0) return;
    const { step: ownStep, ...rest } = metrics;
    if (ownStep !== undefined) this.#toLoggers(rest, Math.trunc(ownStep));
    else this.#toLoggers({ epoch: this.progress.epoch, ...metrics }, step);
  }

  logBatchMetrics(metrics: Metrics | undefined, batch: number): void {
    if (metrics !== undefined) this.#toLoggers(metrics, batch);
  }

  #toLoggers(metrics: Metrics, step: number): void {
    for (const logger of this.loggers) logger.logMetrics(metrics, step);
  }

  /** Tells the loggers what runs. */
  describeRun(): void {
    const { enableAutologHparams } = this.config;
    const hparams = enableAutologHparams ? { ...this.module.hparams, ...this.data.datamodule?.hparams } : {};
    for (const logger of this.loggers) {
      if (Object.keys(hparams).length > 0) logger.logHyperparams(hparams);
      logger.logGraph?.(this.module);
      logger.save();
    }
  }

  warn(line: string): void {
    this.trainer.warn(line);
  }

  logGradNorms(): void {
    const { trackGradNorm } = this.config;
    if (trackGradNorm === null) return;
    const norms = gradNorms(this.module.namedParameters(), trackGradNorm);
    for (const name in norms) this.results.log(name, norms[name]!, { onStep: true, onEpoch: true });
  }

  pause(): Promise<void> | undefined {
    return this.#breaks.pause();
  }

  agreeOnStop(): void {
    if (this.strategy.worldSize === 1) return;
    const wishes = new Float64Array([Number(this.shouldStop), signals.indexOf(this.#watch.signal)]);
    this.strategy.reduce(wishes, 'max');
    this.shouldStop = wishes[0] === 1;
    this.#agreedSignal = signals[wishes[1]!];
  }

  checkInterrupt(): void {
    // The processes of a fit end after the same batch, and save together.
    const waits = this.fn === 'fit' && this.strategy.worldSize > 1;
    const signal = waits ? this.#agreedSignal : this.#watch.signal;
    if (signal !== undefined) throw new Interruption(signal);
  }

  #detectAnomalies(): () => void {
    return detectAnomalies(
      () => {
        const { epoch, globalStep: step, batches } = this.progress;
        const batchIdx = this.state.stage === 'train' ? batches : undefined;
        return { hook: this.results.phase, epoch, step, batchIdx };
      },
      () => this.module.stateDict(),
    );
  }

  /** Whether all processes have come to the same end. */
  #endsTogether(error: unknown): boolean {
    return error instanceof Interruption && this.#agreedSignal !== undefined;
  }

  /** Runs `body` between setup and teardown; whatever goes wrong reaches callbacks, data module and loggers. */
  async run<Result>(body: () => Promise<Result>): Promise<Result> {
    const { state, callbacks, fn } = this;
    state.status = 'running';
    this.#watch.start();
    const stopDetection = this.config.detectAnomaly ? this.#detectAnomalies() : undefined;
    try {
      await this.data.prepare(this.strategy);
      this.strategy.barrier();
      await this.data.setup(fn);
      await callbacks.call('setup', [fn]);
      await this.hooks.setup?.(fn);
      await this.hooks.configure_model?.();
      const result = await body();
      await this.data.teardown(fn);
      await callbacks.call('teardown', [fn]);
      await this.hooks.teardown?.(fn);
      for (const logger of this.loggers) logger.finalize('success');
      state.status = 'finished';
      state.stage = null;
      return result;
    } catch (error) {
      state.status = 'interrupted';
      if (!this.#endsTogether(error)) await this.strategy.fail(error);
      this.results.phase = 'on_exception';
      await callbacks.call('on_exception', [error]);
      await this.data.exception(error);
      for (const logger of this.loggers)
        logger.finalize(error instanceof Interruption ? 'interrupted' : 'failed');
      throw error;
    } finally {
      stopDetection?.();
      this.results = new Results();
      this.#watch.stop();
    }
  }
}
