/**
 * Keeps the arrays of freed tensors for the next tensor of the same size. A training step asks for the same sizes
 * again and again, and a fresh array costs the kernel's zeroing and page faults (as much as a cheap operation on it)
 * and work for the garbage collector.
 */
export class ArrayPool {
  /** Free arrays by length; a `Map` keeps the order in which lengths were last used. */
  readonly #free = new Map<number, Float32Array[]>();
  #bytes = 0;

  /** @param limit bytes kept at most; the arrays of the least recently used lengths go first. */
  constructor(readonly limit: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** An array of undefined content. */
  take(length: number): Float32Array {
    const array = this.#free.get(length)?.pop();
    if (array === undefined) return new Float32Array(length);
    this.#bytes -= array.byteLength;
    return array;
  }

  /** Hands in an array that nobody will touch again. */
  give(array: Float32Array): void {
    const { length, byteLength } = array;
    if (length < SMALLEST || byteLength > this.limit) return;
    const sameLength = this.#free.get(length) ?? [];
    this.#free.delete(length);
    this.#free.set(length, sameLength);
    sameLength.push(array);
    this.#bytes += byteLength;
    if (this.#bytes > this.limit) this.#evict();
  }

  #evict(): void {
    for (const [length, arrays] of this.#free) {
      while (this.#bytes > this.limit && arrays.length > 0) this.#bytes -= arrays.pop()!.byteLength;
      if (this.#bytes <= this.limit) return;
      this.#free.delete(length);
    }
  }
}

/** Shorter arrays are cheaper to make than to keep. */
const SMALLEST = 64;
