/**
 * How small a kernel call may be and still be worth a call of ONNX Runtime (4 to 7 µs, plus its own work); smaller
 * ones stay in JavaScript. And how large it must be to be worth several threads, which cost some 20 µs.
 */
export interface SizeLimits {
  /** Multiplications of a matrix product. */
  product: number;
  parallelProduct: number;
  /** Multiplications of a convolution or one of its gradients. */
  convolution: number;
  parallelConvolution: number;
  /** Values of an element-wise kernel, of a copy, of a pool, of a reduction's input. */
  elements: number;
  parallelElements: number;
}

export const measuredLimits: SizeLimits = {
  product: 1024,
  parallelProduct: 8_000_000,
  convolution: 4096,
  parallelConvolution: 8_000_000,
  elements: 512,
  parallelElements: 400_000,
};

/** Everything that can go to ONNX Runtime does, with all threads, whatever its size: for tests of small tensors. */
export const noLimits: SizeLimits = {
  product: 1,
  parallelProduct: 1,
  convolution: 1,
  parallelConvolution: 1,
  elements: 1,
  parallelElements: 1,
};
