import * as tf from '../tf.js';
import { holdTensors } from './batch-stream.js';

/** What the steps of an epoch returned, for the hook that looks at all of it. */
export class EpochOutputs {
  readonly #byLoader: unknown[][] = [];
  readonly #tensors: tf.Tensor[] = [];
  #scopeOpen = false;

  /** @param held the tensors in it that are to be disposed, kept already; by default all that nobody else keeps */
  keep(outputs: unknown, loader = 0, held: readonly tf.Tensor[] = holdTensors(outputs)): void {
    if (outputs === undefined || outputs === null) return;
    this.ofLoader(loader).push(outputs);
    this.#tensors.push(...held);
  }

  /** By batch; batches without outputs are left out. */
  ofLoader(loader: number): unknown[] {
    this.#byLoader[loader] ??= [];
    return this.#byLoader[loader];
  }

  /** By data loader and batch. */
  byLoader(loaders: number): unknown[][] {
    return Array.from({ length: loaders }, (_, loader) => this.ofLoader(loader));
  }

  /** The hook comes next: tensors that are made from here on are freed with the outputs. */
  beginHook(): void {
    tf.engine().startScope('outputs');
    this.#scopeOpen = true;
  }

  free(): void {
    if (this.#scopeOpen) tf.engine().endScope();
    this.#scopeOpen = false;
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors.length = 0;
    this.#byLoader.length = 0;
  }
}
