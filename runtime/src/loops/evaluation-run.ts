import type { DataLoader } from '../data/data-loader.js';
import { extractBatchSize } from '../data/extract-batch-size.js';
import type { EvaluationStage } from '../hooks/signatures.js';
import type { LightningModule } from '../module/lightning-module.js';
import { BatchStream, type BatchStreamOptions, keepTensors } from './batch-stream.js';
import type { LoopHost } from './loop-host.js';
import { type Metrics, Results } from './results.js';

/** One data loader of an evaluation, and how much of it to use. */
export interface EvaluationLoader<Batch> extends Pick<BatchStreamOptions<Batch>, 'limit' | 'transfer'> {
  loader: DataLoader<Batch>;
}

export interface EvaluationRunOptions {
  /** Step on the loggers' axis for the metrics of the pass; undefined keeps them from the loggers. */
  loggerStep: number | undefined;
  /** Called when the data is through and its metrics are published, before the hooks of the end. */
  onMeasured?: () => void;
}

/** One pass over the data of validation, test or prediction: what the evaluation loop walks along. */
export class EvaluationRun<Batch = unknown> {
  batchIdx = -1;
  dataloaderIdx = -1;
  readonly results = new Results();
  /** What `predict_step` returned, per data loader and batch; its tensors are kept and belong to the caller. */
  readonly predictions: unknown[][] = [];
  /** The metrics of the pass, per data loader. */
  readonly metrics: Metrics[] = [];
  #stream: BatchStream<Batch> | undefined;
  #seenBatches = 0;

  constructor(
    readonly stage: EvaluationStage,
    readonly model: LightningModule,
    private readonly host: LoopHost,
    private readonly loaders: readonly EvaluationLoader<Batch>[],
    private readonly options: EvaluationRunOptions,
  ) {}

  async start(): Promise<void> {
    this.host.results = this.results;
    this.results.phase = 'evaluation_epoch';
    await this.host.callbacks.call(`on_${this.stage}_start`, []);
  }

  async epochStart(): Promise<void> {
    await this.host.callbacks.call(`on_${this.stage}_epoch_start`, []);
  }

  /** The next batch, of the next data loader when one is used up; undefined after the last. */
  async nextBatch(): Promise<Batch | undefined> {
    for (;;) {
      this.host.checkInterrupt();
      const batch = await this.#stream?.next();
      if (batch !== undefined) {
        this.batchIdx = this.#stream!.batchIdx;
        this.results.phase = 'evaluation_batch';
        this.results.batchSize = () => extractBatchSize(batch);
        return batch;
      }
      await this.#stream?.close();
      const next = this.loaders[this.dataloaderIdx + 1];
      if (next === undefined) return undefined;
      this.dataloaderIdx++;
      this.predictions.push([]);
      this.results.dataloaderIdx = this.loaders.length > 1 ? this.dataloaderIdx : undefined;
      this.#stream = new BatchStream(next.loader, next);
    }
  }

  async batchStart(batch: Batch): Promise<void> {
    await this.host.callbacks.call(`on_${this.stage}_batch_start`, [
      batch,
      this.batchIdx,
      this.dataloaderIdx,
    ]);
  }

  async batchEnd(outputs: unknown, batch: Batch): Promise<void> {
    if (this.stage === 'predict') this.predictions[this.dataloaderIdx]!.push(keepTensors(outputs));
    await this.host.callbacks.call(`on_${this.stage}_batch_end`, [
      outputs,
      batch,
      this.batchIdx,
      this.dataloaderIdx,
    ]);
  }

  finishBatch(): void {
    const { loggerStep } = this.options;
    if (this.results.changed) {
      this.host.publish(
        this.results.stepViews(false),
        loggerStep === undefined ? undefined : this.#seenBatches,
      );
      this.results.endStep();
    }
    this.#seenBatches++;
  }

  async epochEnd(): Promise<void> {
    this.results.phase = 'evaluation_epoch';
    this.results.dataloaderIdx = undefined;
    this.host.publish(this.results.epochViews());
    await this.host.callbacks.call(`on_${this.stage}_epoch_end`, []);
  }

  /** Reduces what was logged over the pass and hands it on. */
  logMetrics(): void {
    const views = this.results.epochViews();
    this.host.publish(views, this.options.loggerStep);
    this.metrics.push(...this.loaders.map((_, i) => metricsOfLoader(views.callback, i)));
    this.options.onMeasured?.();
  }

  async end(): Promise<void> {
    await this.host.callbacks.call(`on_${this.stage}_end`, []);
    this.results.phase = 'none';
  }

  /** Frees the running batch when the loop ended with an error. */
  async close(): Promise<void> {
    await this.#stream?.close();
  }
}

/** Metrics of one data loader; those without a loader in their name belong to the first. */
function metricsOfLoader(metrics: Metrics, dataloaderIdx: number): Metrics {
  const loaderOf = (name: string) => Number(/\/dataloader_idx_(\d+)/.exec(name)?.[1] ?? 0);
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => loaderOf(name) === dataloaderIdx));
}
