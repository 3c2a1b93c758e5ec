import type { Generator } from '../random/generator.js';
import { globalGenerator } from '../random/seed-everything.js';
import { newestTensorId } from './collate.js';
import type { IterableDataset } from './dataset.js';
import { disposeNewer } from './dispose-batch.js';
import type { BatchIndices } from './sampler.js';

/** Where a loader is within an epoch: JSON, for checkpoints. */
export interface LoaderState {
  /** Decides the epoch's order. */
  seed: number;
  /** Batches handed out. */
  position: number;
  /** State of the loader's own generator, when it has one. */
  generator?: number[];
  /** State of the global generator when an iterable dataset was started. */
  rng?: number[];
}

/** One epoch's batches. `undefined` ends it. */
export interface BatchIterator<B> {
  /** The next batch; a promise only when the dataset or the collation is asynchronous. */
  next(): B | undefined | Promise<B | undefined>;
  state(): LoaderState;
  /** Ends the epoch early. */
  return(): void | Promise<void>;
}

/** Batches of a dataset that is read by index. */
export class IndexedIterator<B> implements BatchIterator<B> {
  readonly #batches: Iterator<ArrayLike<number>>;
  #position = 0;

  constructor(
    batches: BatchIndices,
    private readonly load: (indices: ArrayLike<number>) => B | Promise<B>,
    private readonly seed: number,
    private readonly generator: Generator | undefined,
    position: number,
  ) {
    this.#batches = batches.batches(seed)[Symbol.iterator]();
    while (this.#position < position && !this.#batches.next().done) this.#position++;
  }

  next(): B | undefined | Promise<B> {
    const batch = this.#batches.next();
    if (batch.done) return undefined;
    this.#position++;
    return this.load(batch.value);
  }

  state(): LoaderState {
    return { seed: this.seed, position: this.#position, ...generatorState(this.generator) };
  }

  return(): void {
    this.#batches.return?.();
  }
}

/** Batches of a dataset that is a stream. */
export class StreamIterator<B> implements BatchIterator<B> {
  #source: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  #asynchronous = false;
  #done = false;
  #position: number;
  #rng: number[] | undefined;

  constructor(
    private readonly dataset: IterableDataset<unknown>,
    private readonly batchSize: number,
    private readonly dropLast: boolean,
    private readonly collate: (samples: unknown[], createdAfter: number) => B | Promise<B>,
    private readonly generator: Generator | undefined,
    resumeFrom: LoaderState | undefined,
  ) {
    this.#position = resumeFrom?.position ?? 0;
    this.#rng = resumeFrom?.rng;
  }

  next(): B | undefined | Promise<B | undefined> {
    if (this.#done) return undefined;
    if (this.#source === undefined) {
      const opened = this.#open();
      if (opened !== undefined) return opened.then(() => this.next());
    }
    const createdAfter = newestTensorId();
    const samples = this.#take(this.batchSize);
    return samples instanceof Promise
      ? samples.then((taken) => this.#batch(taken, createdAfter))
      : this.#batch(samples, createdAfter);
  }

  state(): LoaderState {
    const rng = this.#rng === undefined ? {} : { rng: this.#rng };
    return { seed: 0, position: this.#position, ...rng, ...generatorState(this.generator) };
  }

  return(): void | Promise<void> {
    this.#done = true;
    const closed = this.#source?.return?.();
    if (closed instanceof Promise) return closed.then(() => undefined);
  }

  #batch(samples: unknown[], createdAfter: number): B | undefined | Promise<B> {
    if (samples.length < this.batchSize) {
      this.#done = true;
      if (samples.length === 0) return undefined;
      if (this.dropLast) {
        disposeNewer(samples, createdAfter);
        return undefined;
      }
    }
    this.#position++;
    return this.collate(samples, createdAfter);
  }

  /**
   * Starts the stream and passes over the batches that were handed out before. A stream that draws its order from the
   * global generator when it starts draws the same order again; the generator itself is left as it was.
   */
  #open(): Promise<void> | undefined {
    const current = globalGenerator().state();
    const startedWith = this.#rng;
    if (startedWith !== undefined) globalGenerator().setState(startedWith);
    this.#rng = globalGenerator().state();
    this.#source =
      Symbol.asyncIterator in this.dataset
        ? this.dataset[Symbol.asyncIterator]()
        : this.dataset[Symbol.iterator]();
    this.#asynchronous = Symbol.asyncIterator in this.dataset;
    if (this.#position === 0) return undefined;
    const passed = this.#passOver(this.#position);
    const goOn = () => globalGenerator().setState(current);
    if (passed !== undefined) return passed.then(goOn);
    goOn();
    return undefined;
  }

  #passOver(batches: number): Promise<void> | undefined {
    for (let i = 0; i < batches; i++) {
      const createdAfter = newestTensorId();
      const samples = this.#take(this.batchSize);
      if (samples instanceof Promise) {
        return samples.then((taken) => {
          disposeNewer(taken, createdAfter);
          return this.#passOver(batches - i - 1);
        });
      }
      disposeNewer(samples, createdAfter);
    }
    return undefined;
  }

  /** Up to `count` samples, fewer at the end. */
  #take(count: number): unknown[] | Promise<unknown[]> {
    if (this.#asynchronous) return this.#takeAsync(count);
    const source = this.#source as Iterator<unknown>;
    const samples: unknown[] = [];
    let pending = false;
    while (samples.length < count) {
      const sample = source.next();
      if (sample.done) break;
      samples.push(sample.value);
      pending ||= sample.value instanceof Promise;
    }
    return pending ? Promise.all(samples) : samples;
  }

  async #takeAsync(count: number): Promise<unknown[]> {
    const source = this.#source as AsyncIterator<unknown>;
    const samples: unknown[] = [];
    while (samples.length < count) {
      const sample = await source.next();
      if (sample.done) break;
      samples.push(sample.value);
    }
    return samples;
  }
}

function generatorState(generator: Generator | undefined): { generator?: number[] } {
  return generator === undefined ? {} : { generator: generator.state() };
}
