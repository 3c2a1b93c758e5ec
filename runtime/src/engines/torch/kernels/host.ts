import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '../../../tf.js';
import { silenceGreeting } from '../../ort/backend.js';
import type { TorchBackend } from '../backend.js';
import type { Kernel } from './kernel.js';

type Infos = tf.TensorInfo | tf.TensorInfo[];
type HostedInputs = tf.TensorInfo[] | Record<string, tf.TensorInfo | tf.TensorInfo[] | undefined>;

/**
 * A kernel that runs in JavaScript, on tfjs's `cpu` backend: its inputs are read, its results written.
 */
// biome-ignore lint/suspicious/noExplicitAny: each kernel has inputs and attributes of its own
export function hostKernel(kernelFunc: tf.KernelFunc): Kernel<any, any, Infos> {
  return (backend, inputs: HostedInputs, attrs) => {
    const host = new MathBackendCPU();
    silenceGreeting(host);
    const toHost = (tensor: tf.TensorInfo) => hosted(backend, host, tensor);
    const moved = Array.isArray(inputs)
      ? inputs.map(toHost)
      : Object.fromEntries(
          Object.entries(inputs).map(([name, input]) => [
            name,
            Array.isArray(input) ? input.map(toHost) : input && toHost(input),
          ]),
        );
    const results = kernelFunc({ inputs: moved as tf.NamedTensorInfoMap, attrs, backend: host });
    const toTorch = ({ dataId, shape, dtype }: tf.TensorInfo) =>
      backend.make(host.readSync(dataId), shape, dtype);
    return Array.isArray(results) ? results.map(toTorch) : toTorch(results);
  };
}

function hosted(
  backend: TorchBackend,
  host: MathBackendCPU,
  { dataId, shape, dtype }: tf.TensorInfo,
): tf.TensorInfo {
  const values = backend.readSync(dataId);
  if (dtype !== 'complex64') return host.makeTensorInfo(shape, dtype, values);
  const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
  const info = host.makeTensorInfo(shape, 'complex64');
  host.data.get(info.dataId).complexTensorInfos = {
    real: host.makeTensorInfo(shape, 'float32', real),
    imag: host.makeTensorInfo(shape, 'float32', imag),
  };
  return info;
}
