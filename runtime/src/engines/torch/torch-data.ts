import type { backend_util } from '../../tf.js';

/** tfjs's types as the addon numbers them: `DType` in `call.h`. */
export const dtypes = ['float32', 'int32', 'bool', 'complex64'] as const;
export type TorchDType = (typeof dtypes)[number];

export const dtypeCodes: Readonly<Record<string, number>> = { float32: 0, int32: 1, bool: 2, complex64: 3 };

/** A tensor of the addon, or strings, which stay in JavaScript. It is its own data id: finding it costs nothing. */
export class TorchData {
  refCount = 1;

  /**
   * @param handle stands for the tensor in the addon; 0 once it is freed, and for strings
   * @param strings the values of a string tensor
   */
  constructor(
    public handle: number,
    readonly dtype: TorchDType | 'string',
    readonly shape: number[],
    readonly strings?: backend_util.BackendValues,
  ) {}
}
