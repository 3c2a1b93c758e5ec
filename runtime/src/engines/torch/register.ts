import * as tf from '../../tf.js';
import { registerAutocastEngine } from '../autocast-engine.js';
import type { TorchAddon } from './addon.js';
import { TorchAutocast } from './autocast.js';
import { TorchBackend } from './backend.js';
import { reclaimForgottenTensors } from './forgotten-tensors.js';
import { registerKernelGradients } from './kernel-gradients.js';
import { blockKernels } from './kernels/blocks.js';
import { convKernels } from './kernels/conv.js';
import { creationKernels } from './kernels/creation.js';
import { dilationKernels } from './kernels/dilation.js';
import { elementwiseKernels } from './kernels/elementwise.js';
import { fftKernels } from './kernels/fft.js';
import { gatherKernels } from './kernels/gather.js';
import { hostKernel } from './kernels/host.js';
import { hostKernels, kernelsOfStrings } from './kernels/host-kernels.js';
import { imageKernels } from './kernels/image.js';
import { imageNormKernels } from './kernels/image-norm.js';
import type { Kernel, KernelTable } from './kernels/kernel.js';
import { matmulKernels } from './kernels/matmul.js';
import { orderKernels } from './kernels/order.js';
import { poolKernels } from './kernels/pool.js';
import { reductionKernels } from './kernels/reduce.js';
import { scatterKernels } from './kernels/scatter.js';
import { segmentKernels } from './kernels/segment.js';
import { shapeKernels } from './kernels/shape.js';

/** The kernels that are operations of the addon. */
export const nativeKernels: KernelTable = {
  ...blockKernels,
  ...convKernels,
  ...creationKernels,
  ...dilationKernels,
  ...elementwiseKernels,
  ...fftKernels,
  ...gatherKernels,
  ...imageKernels,
  ...imageNormKernels,
  ...matmulKernels,
  ...orderKernels,
  ...poolKernels,
  ...reductionKernels,
  ...scatterKernels,
  ...segmentKernels,
  ...shapeKernels,
};

/** Makes the tfjs backend `torch` available. Once. */
export function registerTorch(addon: TorchAddon): void {
  if (tf.findBackendFactory('torch') !== null) return;
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    const kernel = kernelNamed(kernelName, kernelFunc);
    if (kernel === undefined) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'torch',
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel(backend as TorchBackend, inputs, attrs as Record<string, never>),
    });
  }
  registerKernelGradients();
  registerAutocastEngine('torch', new TorchAutocast(addon));
  reclaimForgottenTensors();
  tf.registerBackend('torch', () => new TorchBackend(addon), 3);
}

/** A kernel that is neither native nor on the list of host kernels does not exist here; tfjs says so when it is used. */
function kernelNamed(name: string, kernelFunc: tf.KernelFunc): AnyKernel | undefined {
  const native = nativeKernels[name];
  const host = hostKernel(kernelFunc);
  if (native !== undefined) return kernelsOfStrings.has(name) ? unlessStrings(native, host) : native;
  return name in hostKernels ? host : undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: each kernel has inputs and attributes of its own
type AnyKernel = Kernel<any, any, tf.TensorInfo | tf.TensorInfo[]>;

function unlessStrings(native: AnyKernel, host: AnyKernel): AnyKernel {
  return (backend, inputs: object, attrs) => {
    for (const input of Object.values(inputs) as (tf.TensorInfo | undefined)[]) {
      if (input?.dtype === 'string') return host(backend, inputs, attrs);
    }
    return native(backend, inputs, attrs);
  };
}
