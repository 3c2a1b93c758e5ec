import { hostView } from '../engines/host-memory.js';
import * as tf from '../tf.js';

/**
 * A float32 tensor of optimizer state that is written in place through `values`. On engines with host memory
 * `values` is the tensor's own memory; elsewhere the tensor is renewed when somebody asks for it.
 */
export class StateTensor {
  readonly values: Float32Array;
  #tensor: tf.Tensor;

  constructor(
    readonly shape: readonly number[],
    initialValue: number,
  ) {
    // Zeros take no memory before something is written to them.
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    if (initialValue !== 0) values.fill(initialValue);
    this.#tensor = this.#make(values);
    this.values = (hostView(this.#tensor) as Float32Array | undefined) ?? values;
  }

  /** The tensor with the present values; later updates may show in it. Owned by this state, not by the caller. */
  tensor(): tf.Tensor {
    if (hostView(this.#tensor) !== this.values) {
      this.#tensor.dispose();
      this.#tensor = this.#make(this.values);
    }
    return this.#tensor;
  }

  dispose(): void {
    this.#tensor.dispose();
  }

  #make(values: Float32Array): tf.Tensor {
    return tf.keep(tf.tensor(values, [...this.shape], 'float32'));
  }
}
