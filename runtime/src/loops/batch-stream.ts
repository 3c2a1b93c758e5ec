import type { BatchIterator, DataLoader, LoaderState } from '../data/data-loader.js';
import { disposeBatch } from '../data/dispose-batch.js';
import { visitTensors } from '../data/visit-tensors.js';
import * as tf from '../tf.js';

export interface BatchStreamOptions<Batch> {
  /** Number of batches to stop after. */
  limit?: number;
  /** The hooks around a batch's way to the device. */
  transfer?: (batch: Batch) => Batch | Promise<Batch>;
  /** Goes on in the order and at the place where another stream was. */
  resumeFrom?: LoaderState;
}

/**
 * The batches of one data loader. Every tensor made from the moment a batch is fetched until the next one is asked
 * for is freed then, except those that were kept with `tf.keep`.
 */
export class BatchStream<Batch> {
  /** Batches handed out so far in this epoch, those before a resume included, minus one. */
  batchIdx: number;
  readonly #limit: number;
  readonly #transfer: BatchStreamOptions<Batch>['transfer'];
  readonly #iterator: BatchIterator<Batch>;
  /** Of a loader without length: the batch after the current one, to know whether that is the last. */
  #ahead: { batch: Batch | undefined } | undefined;
  #current: Batch | undefined;
  #currentWasAhead = false;
  readonly #length: number | undefined;
  #scopeOpen = false;
  #stateBeforeAhead: LoaderState | undefined;

  constructor(
    loader: DataLoader<Batch>,
    { limit = Infinity, transfer, resumeFrom }: BatchStreamOptions<Batch> = {},
  ) {
    this.batchIdx = (resumeFrom?.position ?? 0) - 1;
    this.#limit = limit;
    this.#transfer = transfer;
    this.#length = loader.length;
    this.#iterator = loader.iterate(resumeFrom);
  }

  /** Whether the data loader knows how many batches it has. */
  get hasLength(): boolean {
    return this.#length !== undefined;
  }

  /** Whether the current batch is the epoch's last. */
  get isLast(): boolean {
    const done = this.batchIdx + 1;
    if (done >= this.#limit) return true;
    return this.#length === undefined ? this.#ahead?.batch === undefined : done >= this.#length;
  }

  /** Frees what the previous batch left behind and fetches the next one; undefined when there is none. */
  next(): Batch | undefined | Promise<Batch | undefined> {
    this.release();
    if (this.batchIdx + 1 >= this.#limit) return undefined;
    tf.engine().startScope('batch');
    this.#scopeOpen = true;
    const fetched = this.#length === undefined ? this.#fetchWithLookahead() : this.#iterator.next();
    return fetched instanceof Promise ? fetched.then((batch) => this.#take(batch)) : this.#take(fetched);
  }

  #take(fetched: Batch | undefined): Batch | undefined | Promise<Batch> {
    if (fetched === undefined) {
      this.release();
      return undefined;
    }
    this.batchIdx++;
    return this.#transfer === undefined ? this.#hold(fetched) : this.#move(fetched, this.#transfer);
  }

  #hold(batch: Batch): Batch {
    this.#current = batch;
    return batch;
  }

  async #move(batch: Batch, transfer: (batch: Batch) => Batch | Promise<Batch>): Promise<Batch> {
    return this.#hold(await transfer(batch));
  }

  async #fetchWithLookahead(): Promise<Batch | undefined> {
    this.#ahead ??= { batch: keepTensors(await this.#iterator.next()) };
    const { batch } = this.#ahead;
    this.#currentWasAhead = batch !== undefined;
    if (batch === undefined) return undefined;
    this.#current = batch;
    this.#stateBeforeAhead = this.#iterator.state();
    this.#ahead = { batch: keepTensors(await this.#iterator.next()) };
    return batch;
  }

  /** Frees the current batch and everything that was made with it. */
  release(): void {
    if (!this.#scopeOpen) return;
    if (this.#currentWasAhead) disposeBatch(this.#current);
    this.#currentWasAhead = false;
    this.#current = undefined;
    this.#scopeOpen = false;
    tf.engine().endScope();
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    this.release();
    disposeBatch(this.#ahead?.batch);
    this.#ahead = undefined;
    await this.#iterator.return?.();
  }

  /** The loader's place after the current batch. */
  state(): LoaderState {
    return this.#stateBeforeAhead ?? this.#iterator.state();
  }
}

/** Marks every tensor in a nested value so that the end of its batch does not free it. */
export function keepTensors<T>(value: T): T {
  visitTensors(value, tf.keep);
  return value;
}

/** As `keepTensors`. @returns the tensors that nobody had kept before: they are the caller's to dispose. */
export function holdTensors(value: unknown): tf.Tensor[] {
  const held: tf.Tensor[] = [];
  visitTensors(value, (tensor) => {
    if (!tensor.kept && !(tensor instanceof tf.Variable)) held.push(tf.keep(tensor));
  });
  return held;
}
