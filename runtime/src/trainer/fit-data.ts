import { type DataLoader, isShuffled, type LoaderState } from '../data/data-loader.js';
import { BatchStream, type BatchStreamOptions } from '../loops/batch-stream.js';
import type { EvaluationLoader } from '../loops/evaluation-run.js';
import type { OpenedEpoch } from '../loops/fit-run.js';
import { emptyTrainingData, requireSameLength } from '../loops/training-checks.js';
import { batchLimit, checkValCheckInterval, limitedLength } from './batch-limit.js';
import { ownPart } from './distribute.js';
import { evaluationLoaders } from './evaluate.js';
import type { Session } from './session.js';

interface Loaded<Data> {
  data: Data;
  /** The epoch that it was loaded for. */
  epoch: number;
}

interface TrainingData {
  loader: DataLoader<unknown>;
  /** Batches to use; undefined for all of data without length. */
  length: number | undefined;
}

/** The data loaders of a fit: asked for when they are first needed, and again every `reloadDataloadersEveryNEpochs`. */
export class FitData {
  #train: Loaded<TrainingData> | undefined;
  /** Asked for before its time. */
  #peeked: DataLoader<unknown> | undefined;
  #validation: Loaded<EvaluationLoader<unknown>[]> | undefined;
  readonly #transfer: BatchStreamOptions<unknown>['transfer'];

  constructor(private readonly session: Session) {
    this.#transfer = session.data.transfer(0);
  }

  /** Whether there is nothing to train on. */
  get isEmpty(): boolean {
    return this.#train === undefined || this.#train.data.length === 0;
  }

  get trainDataloader(): DataLoader<unknown> | undefined {
    return this.#train?.data.loader;
  }

  get hasValidation(): boolean {
    return this.#validation !== undefined;
  }

  /**
   * Asks for the training data.
   *
   * @param order how the last epoch before `epoch` was ordered, to go on from there
   */
  async loadTraining(epoch: number, order?: LoaderState): Promise<void> {
    const { session } = this;
    if (this.#limit === 0) {
      session.trainer.numTrainingBatches = 0;
      return;
    }
    const given = this.#peeked ?? (await this.#showing(epoch, () => session.data.trainDataloader()));
    this.#peeked = undefined;
    const overfits = session.config.overfitBatches !== 0;
    if (overfits && isShuffled(given)) {
      session.warn(
        'trainer.overfitBatches takes the same batches every epoch: the training data is not shuffled.',
      );
    }
    const loader = ownPart(session, overfits ? given.with({ shuffle: false }) : given, 'train');
    const length = this.#lengthOf(loader);
    requireSameLength(session.strategy, length);
    checkValCheckInterval(session.config, length);
    session.trainer.numTrainingBatches = length ?? Number.POSITIVE_INFINITY;
    if (order !== undefined && !this.#reloadsIn(epoch)) loader.restore(order);
    this.#train = { data: { loader, length }, epoch: this.#lastDue(epoch) };
  }

  /**
   * Training batches per epoch, limits applied, asking for the data where nobody did yet; undefined for data without
   * length.
   *
   * @throws PLError PL5037 where the hook that gives the data is asynchronous
   */
  lengthNow(): number | undefined {
    if (this.#train !== undefined) return this.#train.data.length;
    if (this.#limit === 0) return 0;
    this.#peeked ??= this.session.data.trainDataloaderNow();
    return this.#lengthOf(ownPart(this.session, this.#peeked, 'train'));
  }

  get #limit(): number | null {
    return batchLimit(this.session.config, 'limitTrainBatches');
  }

  #lengthOf(loader: DataLoader<unknown>): number | undefined {
    if (loader.length === 0) throw emptyTrainingData();
    return limitedLength(loader, this.#limit, 'limitTrainBatches');
  }

  /** Begins an epoch of the training data, or goes on with one. */
  async openEpoch(epoch: number, resumeFrom?: LoaderState): Promise<OpenedEpoch<unknown>> {
    if (this.#isOutdated(this.#train!, epoch)) await this.loadTraining(epoch);
    const { loader, length } = this.#train!.data;
    loader.setEpoch?.(epoch);
    const stream = new BatchStream(loader, {
      ...(length !== undefined && { limit: length }),
      ...(this.#transfer && { transfer: this.#transfer }),
      ...(resumeFrom && { resumeFrom }),
    });
    return { stream, length };
  }

  async validation(epoch: number): Promise<readonly EvaluationLoader<unknown>[]> {
    if (this.#validation === undefined || this.#isOutdated(this.#validation, epoch)) {
      const loaders = await this.#showing(epoch, () => evaluationLoaders(this.session, 'validation'));
      const known = this.#validation?.data ?? [];
      // The loggers' axis goes on.
      const data = loaders.map((loader, i) => ({ ...loader, loggedBatches: known[i]?.loggedBatches ?? 0 }));
      this.#validation = { data, epoch: this.#lastDue(epoch) };
    }
    return this.#validation.data;
  }

  /** Loads data that may depend on `trainer.currentEpoch`: in a resumed run, on the epoch in which it was loaded before. */
  async #showing<Data>(epoch: number, load: () => Promise<Data>): Promise<Data> {
    const { progress, config } = this.session;
    const { epoch: shown } = progress;
    if (config.reloadDataloadersEveryNEpochs > 0) progress.epoch = this.#lastDue(epoch);
    try {
      return await load();
    } finally {
      progress.epoch = shown;
    }
  }

  #isOutdated(loaded: Loaded<unknown>, epoch: number): boolean {
    const { reloadDataloadersEveryNEpochs: n } = this.session.config;
    return n > 0 && epoch - loaded.epoch >= n;
  }

  #reloadsIn(epoch: number): boolean {
    const { reloadDataloadersEveryNEpochs: n } = this.session.config;
    return n > 0 && epoch % n === 0;
  }

  /** The last epoch up to this one in which a run from the beginning loads its data: a resumed run keeps to that. */
  #lastDue(epoch: number): number {
    const { reloadDataloadersEveryNEpochs: n } = this.session.config;
    return n > 0 ? epoch - (epoch % n) : 0;
  }
}
