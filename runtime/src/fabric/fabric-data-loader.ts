import type { DataLoader } from '../data/data-loader.js';

/** A data loader that counts its epochs, so that each has an order of its own that all processes agree on. */
export class FabricDataLoader<B> implements Iterable<B>, AsyncIterable<B> {
  #epoch = 0;

  constructor(
    /** This process's part of the data. */
    readonly loader: DataLoader<B>,
  ) {}

  /** Batches of this process in an epoch; undefined for data without length. */
  get length(): number | undefined {
    return this.loader.length;
  }

  /** Which epoch the next iteration is; later ones count on from there. For a run that goes on in the middle. */
  setEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  [Symbol.iterator](): Iterator<B> {
    this.loader.setEpoch(this.#epoch++);
    return this.loader[Symbol.iterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<B> {
    this.loader.setEpoch(this.#epoch++);
    return this.loader[Symbol.asyncIterator]();
  }
}
