import {
  findBackendFactory,
  getKernelsForBackend,
  type KernelFunc,
  registerBackend,
  registerKernel,
} from '../../tf.js';
import { OrtBackend } from './backend.js';
import type { OrtBinding } from './binding.js';
import { cast } from './kernels/cast.js';
import { conv2D, fusedConv2D } from './kernels/conv2d.js';
import { conv2DBackpropFilter, conv2DBackpropInput } from './kernels/conv2d-gradients.js';
import { type HotKernel, takeOver } from './kernels/kernel.js';
import { batchMatMul, fusedMatMul } from './kernels/matmul.js';
import { Sessions } from './sessions.js';
import type { SizeLimits } from './size-limits.js';

// biome-ignore lint/suspicious/noExplicitAny: each kernel has inputs and attributes of its own
const hotKernels: Readonly<Record<string, HotKernel<any, any>>> = {
  BatchMatMul: batchMatMul,
  _FusedMatMul: fusedMatMul,
  Conv2D: conv2D,
  FusedConv2D: fusedConv2D,
  Conv2DBackpropInput: conv2DBackpropInput,
  Conv2DBackpropFilter: conv2DBackpropFilter,
  Cast: cast,
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
  registerBackend(name, () => new OrtBackend(new Sessions(binding, threads), limits));
}
