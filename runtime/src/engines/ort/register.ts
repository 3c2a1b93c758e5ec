import {
  findBackendFactory,
  getKernelsForBackend,
  type KernelFunc,
  registerBackend,
  registerKernel,
  type TensorInfo,
} from '../../tf.js';
import { OrtBackend } from './backend.js';
import type { OrtBinding } from './binding.js';
import { fusedBatchNorm } from './kernels/batch-norm.js';
import { cast } from './kernels/cast.js';
import { add, relu } from './kernels/conv-epilogue.js';
import { conv2D, conv2DBackpropFilter, conv2DBackpropInput, fusedConv2D } from './kernels/conv2d.js';
import { addN, binaryKernels, select, unaryKernels } from './kernels/elementwise.js';
import { gatherV2, unsortedSegmentSum } from './kernels/gather.js';
import { type HotKernel, takeOver } from './kernels/kernel.js';
import { batchMatMul, fusedMatMul } from './kernels/matmul.js';
import {
  concat,
  fill,
  onesLike,
  pack,
  padV2,
  slice,
  splitV,
  tile,
  transpose,
  unpack,
  zerosLike,
} from './kernels/movement.js';
import { avgPool, avgPoolGrad, maxPool, maxPoolGrad } from './kernels/pooling.js';
import { reductionKernels, softmax } from './kernels/reductions.js';
import { multiply, step } from './kernels/relu-gradient.js';
import { GRAPH_KERNEL, graphKernel } from './run-graph.js';
import { Sessions } from './sessions.js';
import type { SizeLimits } from './size-limits.js';

// biome-ignore lint/suspicious/noExplicitAny: each kernel has inputs and attributes of its own
const hotKernels: Readonly<Record<string, HotKernel<any, any, TensorInfo | TensorInfo[]>>> = {
  BatchMatMul: batchMatMul,
  _FusedMatMul: fusedMatMul,
  Conv2D: conv2D,
  FusedConv2D: fusedConv2D,
  Conv2DBackpropInput: conv2DBackpropInput,
  Conv2DBackpropFilter: conv2DBackpropFilter,
  Cast: cast,
  ...unaryKernels,
  ...binaryKernels,
  Add: add,
  Multiply: multiply,
  Relu: relu,
  Step: step,
  Select: select,
  AddN: addN,
  ...reductionKernels,
  Softmax: softmax,
  Transpose: transpose,
  Concat: concat,
  Pack: pack,
  Slice: slice,
  SplitV: splitV,
  Unpack: unpack,
  PadV2: padV2,
  Tile: tile,
  Fill: fill,
  ZerosLike: zerosLike,
  OnesLike: onesLike,
  GatherV2: gatherV2,
  UnsortedSegmentSum: unsortedSegmentSum,
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGrad,
  AvgPool: avgPool,
  AvgPoolGrad: avgPoolGrad,
  FusedBatchNorm: fusedBatchNorm,
};

interface Registration {
  threads: number;
  /** The name of the tfjs backend. */
  name?: string;
  limits?: SizeLimits;
}

/** Makes the tfjs backend `ort` available: every kernel of `cpu`, the hot ones taken over. Once per name. */
export function registerOrt(binding: OrtBinding, { threads, name = 'ort', limits }: Registration): void {
  if (findBackendFactory(name) !== null) return;
  for (const { kernelName, kernelFunc, ...rest } of getKernelsForBackend('cpu')) {
    const hot = hotKernels[kernelName];
    const chosen: KernelFunc = hot ? takeOver(hot, kernelFunc) : kernelFunc;
    registerKernel({ ...rest, kernelName, backendName: name, kernelFunc: chosen });
  }
  const kernelFunc = graphKernel as unknown as KernelFunc;
  registerKernel({ kernelName: GRAPH_KERNEL, backendName: name, kernelFunc });
  // A priority above `cpu`'s makes it the backend of tensors that come before an engine is chosen.
  registerBackend(name, () => new OrtBackend(new Sessions(binding, threads), limits), 2);
}
