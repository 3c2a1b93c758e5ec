import type { DataLoader } from '../data/data-loader.js';
import type { EvaluationStage } from '../hooks/signatures.js';
import type { LightningModule } from '../module/lightning-module.js';
import { BatchStream, type BatchStreamOptions, keepTensors } from './batch-stream.js';
import { EpochOutputs } from './epoch-outputs.js';
import type { LoopHost } from './loop-host.js';
import { type Metrics, Results } from './results.js';

/** One data loader of an evaluation, and how much of it to use. */
export interface EvaluationLoader<Batch> extends Pick<BatchStreamOptions<Batch>, 'limit' | 'transfer'> {
  loader: DataLoader<Batch>;
  /** Batches whose metrics went to the loggers, in all passes of the run: the axis of the next one's. */
  loggedBatches?: number;
}

export interface EvaluationRunOptions {
  /** Step on the loggers' axis for the metrics of the pass; undefined for a pass that measures nothing. */
  loggerStep: number | undefined;
  /** Called when the data is through and its metrics are published, before the hooks of the end. */
  onMeasured?: () => void;
}

const hooksOf = <Stage extends EvaluationStage>(stage: Stage) =>
  ({
    modelEval: `on_${stage}_model_eval`,
    start: `on_${stage}_start`,
    epochStart: `on_${stage}_epoch_start`,
    batchStart: `on_${stage}_batch_start`,
    step: `${stage}_step`,
    batchEnd: `on_${stage}_batch_end`,
    epochEnd: `on_${stage}_epoch_end`,
    end: `on_${stage}_end`,
  }) as const;

const stageHooks = {
  validation: { ...hooksOf('validation'), outputs: 'validation_epoch_end' },
  test: { ...hooksOf('test'), outputs: 'test_epoch_end' },
  predict: { ...hooksOf('predict'), outputs: undefined },
} as const;

/** One pass over the data of validation, test or prediction: what the evaluation loop walks along. */
export class EvaluationRun<Batch = unknown> {
  batchIdx = -1;
  dataloaderIdx = -1;
  readonly results: Results;
  /** What `predict_step` returned, per data loader and batch; its tensors are kept and belong to the caller. */
  readonly predictions: unknown[][] = [];
  /** The metrics of the pass that are for the loggers, per data loader. */
  readonly metrics: Metrics[] = [];
  /** The mode that the module is in again after the pass. */
  readonly wasTraining: boolean;
  readonly #hooks: (typeof stageHooks)[EvaluationStage];
  readonly #outputs = new EpochOutputs();
  #stream: BatchStream<Batch> | undefined;

  constructor(
    readonly stage: EvaluationStage,
    readonly model: LightningModule,
    private readonly host: LoopHost,
    private readonly loaders: readonly EvaluationLoader<Batch>[],
    private readonly options: EvaluationRunOptions,
  ) {
    this.#hooks = stageHooks[stage];
    this.results = new Results({ strategy: host.strategy });
    this.wasTraining = model.training;
    this.results.phase = this.#hooks.modelEval;
    host.results = this.results;
  }

  async start(): Promise<void> {
    this.results.phase = this.#hooks.start;
    await this.host.callbacks.call(this.#hooks.start, []);
  }

  async epochStart(): Promise<void> {
    this.results.phase = this.#hooks.epochStart;
    await this.host.callbacks.call(this.#hooks.epochStart, []);
  }

  /** The next batch, of the next data loader when one is used up; undefined after the last. */
  async nextBatch(): Promise<Batch | undefined> {
    this.results.phase = 'on_before_batch_transfer';
    const pause = this.host.pause();
    if (pause !== undefined) await pause;
    for (;;) {
      this.host.checkInterrupt();
      const batch = await this.#stream?.next();
      if (batch !== undefined) {
        this.batchIdx = this.#stream!.batchIdx;
        this.results.beginBatch(batch);
        return batch;
      }
      if (this.#stream !== undefined) await this.#endLoader(this.#stream);
      const next = this.loaders[this.dataloaderIdx + 1];
      if (next === undefined) return undefined;
      this.dataloaderIdx++;
      this.predictions.push([]);
      this.results.dataloaderIdx = this.loaders.length > 1 ? this.dataloaderIdx : undefined;
      this.#stream = new BatchStream(next.loader, next);
    }
  }

  get #measures(): boolean {
    return this.options.loggerStep !== undefined;
  }

  async #endLoader(stream: BatchStream<Batch>): Promise<void> {
    this.results.endBatches();
    if (this.#measures) {
      this.#reduceMetrics();
      this.host.publish();
      this.metrics.push(this.results.forLoggers() ?? {});
    }
    await stream.close();
  }

  #reduceMetrics(): void {
    const ofRankZero = this.results.reduceEpoch();
    if (ofRankZero.length === 0) return;
    this.host.warn(
      `${ofRankZero.join(', ')}: logged without syncDist, so what is shown is the value of the first of ${this.host.strategy.worldSize} processes.`,
    );
  }

  async batchStart(batch: Batch): Promise<void> {
    this.results.phase = this.#hooks.batchStart;
    await this.host.callbacks.call(this.#hooks.batchStart, [batch, this.batchIdx, this.dataloaderIdx]);
    this.results.phase = this.#hooks.step;
  }

  /** Runs a step in the precision of the run; of an asynchronous one, the part before it first waits. */
  forward<Result>(step: () => Result): Result {
    return this.host.precision.forward(step);
  }

  async batchEnd(outputs: unknown, batch: Batch): Promise<void> {
    if (this.stage === 'predict') this.predictions[this.dataloaderIdx]!.push(keepTensors(outputs));
    this.results.phase = this.#hooks.batchEnd;
    await this.host.callbacks.call(this.#hooks.batchEnd, [outputs, batch, this.batchIdx, this.dataloaderIdx]);
  }

  finishBatch(): void {
    this.host.publish();
    if (this.#measures) {
      const loader = this.loaders[this.dataloaderIdx]!;
      const { loggedBatches = 0 } = loader;
      this.host.logBatchMetrics(this.results.forLoggers(), loggedBatches);
      loader.loggedBatches = loggedBatches + 1;
    }
    this.results.endBatch();
  }

  /** Keeps what the step returned until the hooks of the epoch's end. */
  keepOutputs(outputs: unknown): void {
    this.#outputs.keep(outputs, this.dataloaderIdx);
  }

  /** The batches are through, the outputs that were kept come next. */
  endBatches(): void {
    this.#outputs.beginHook();
    this.results.phase = this.#hooks.outputs;
    this.results.dataloaderIdx = undefined;
  }

  /** What was kept, by batch, or where there are several data loaders, by data loader and batch. */
  get epochOutputs(): unknown[] {
    return this.loaders.length > 1 ? this.#outputs.byLoader(this.loaders.length) : this.#outputs.ofLoader(0);
  }

  async epochEnd(): Promise<void> {
    this.#outputs.free();
    this.results.phase = this.#hooks.epochEnd;
    this.results.dataloaderIdx = undefined;
    await this.host.callbacks.call(this.#hooks.epochEnd, []);
  }

  /** Hands on what was logged over the pass; what its end logged belongs to every data loader. */
  logMetrics(): void {
    const { loggerStep, onMeasured } = this.options;
    if (this.#measures) this.#reduceMetrics();
    this.host.publish();
    if (loggerStep !== undefined) {
      const ofAll = this.results.forLoggers();
      this.host.logMetrics(Object.assign({}, ...this.metrics.toReversed(), ofAll), loggerStep);
      for (const metrics of this.metrics) Object.assign(metrics, ofAll);
    }
    onMeasured?.();
  }

  async end(): Promise<void> {
    this.results.phase = this.#hooks.end;
    this.results.reset();
    await this.host.callbacks.call(this.#hooks.end, []);
  }

  /** Frees the running batch when the loop ended with an error. */
  async close(): Promise<void> {
    this.#outputs.free();
    await this.#stream?.close();
  }
}
