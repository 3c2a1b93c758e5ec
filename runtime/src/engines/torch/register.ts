import * as tf from '../../tf.js';
import type { TorchAddon } from './addon.js';
import { TorchBackend } from './backend.js';
import { blockKernels } from './kernels/blocks.js';
import { convKernels } from './kernels/conv.js';
import { creationKernels } from './kernels/creation.js';
import { dilationKernels } from './kernels/dilation.js';
import { elementwiseKernels } from './kernels/elementwise.js';
import { hostKernel } from './kernels/host.js';
import { imageKernels } from './kernels/image.js';
import { imageNormKernels } from './kernels/image-norm.js';
import type { Kernel, KernelTable } from './kernels/kernel.js';
import { matmulKernels } from './kernels/matmul.js';
import { poolKernels } from './kernels/pool.js';
import { reductionKernels } from './kernels/reduce.js';
import { shapeKernels } from './kernels/shape.js';

const nativeKernels: KernelTable = {
  ...blockKernels,
  ...convKernels,
  ...creationKernels,
  ...dilationKernels,
  ...elementwiseKernels,
  ...imageKernels,
  ...imageNormKernels,
  ...matmulKernels,
  ...poolKernels,
  ...reductionKernels,
  ...shapeKernels,
};

/** What also works on strings. Those stay in JavaScript. */
const kernelsOfStrings = new Set([
  'Concat',
  'Equal',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'NotEqual',
  'Pack',
  'Slice',
  'StridedSlice',
  'Tile',
  'Transpose',
  'Unpack',
]);

/** Makes the tfjs backend `torch` available. Once. */
export function registerTorch(addon: TorchAddon): void {
  if (tf.findBackendFactory('torch') !== null) return;
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    const native = nativeKernels[kernelName];
    const host = hostKernel(kernelFunc);
    const kernel =
      native === undefined ? host : kernelsOfStrings.has(kernelName) ? unlessStrings(native, host) : native;
    tf.registerKernel({
      kernelName,
      backendName: 'torch',
      kernelFunc: ({ inputs, attrs, backend }) =>
        kernel(backend as TorchBackend, inputs, attrs as Record<string, never>),
    });
  }
  tf.registerBackend('torch', () => new TorchBackend(addon), 3);
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
