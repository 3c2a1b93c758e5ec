/**
 * How small a kernel call may be and still be worth a call of ONNX Runtime (4 to 7 µs, plus its own work); smaller
 * ones stay in JavaScript.
 */
export interface SizeLimits {
  /** Multiplications of a matrix product. */
  product: number;
  /** Multiplications of a convolution or one of its gradients. */
  convolution: number;
  /** Values of an element-wise kernel, of a copy, of a pool. */
  elements: number;
  /** Values of a reduction. */
  reduction: number;
}

export const measuredLimits: SizeLimits = { product: 1024, convolution: 4096, elements: 512, reduction: 512 };

/** Everything that can go to ONNX Runtime does, whatever its size: for tests, whose tensors are small. */
export const noLimits: SizeLimits = { product: 1, convolution: 1, elements: 1, reduction: 1 };
