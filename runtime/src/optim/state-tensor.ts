import { hostView } from '../engines/host-memory.js';
import * as tf from '../tf.js';

/**
 * A float32 tensor of optimizer state that is written in place: by the host through `values`, or by the engine through
 * `forEngine`. On engines with host memory `values` is the tensor's own memory.
 */
export class StateTensor {
  #tensor: tf.Tensor;
  /** Where the host writes; `undefined` while the tensor alone has the present values. */
  #values: Float32Array | undefined;

  constructor(
    readonly shape: readonly number[],
    initialValue: number,
  ) {
    this.#tensor = tf.tidy(() => tf.keep(tf.fill([...shape], initialValue)));
  }

  get values(): Float32Array {
    this.#values ??=
      (hostView(this.#tensor) as Float32Array | undefined) ?? Float32Array.from(this.#tensor.dataSync());
    return this.#values;
  }

  /** The tensor with the present values; later updates may show in it. Owned by this state, not by the caller. */
  tensor(): tf.Tensor {
    if (this.#values !== undefined && hostView(this.#tensor) !== this.#values) {
      this.#tensor.dispose();
      this.#tensor = tf.keep(tf.tensor(this.#values, [...this.shape], 'float32'));
    }
    return this.#tensor;
  }

  /** The tensor, for an engine to write in place. Arrays that `values` gave before no longer count. */
  forEngine(): tf.Tensor {
    const tensor = this.tensor();
    this.#values = undefined;
    return tensor;
  }

  dispose(): void {
    this.#tensor.dispose();
  }
}
