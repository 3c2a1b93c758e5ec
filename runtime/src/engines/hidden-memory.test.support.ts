import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '../tf.js';

/** Registers `device`: cpu's kernels behind a backend whose memory the host does not see. */
export async function registerDeviceBackend(): Promise<void> {
  const hidden = new Proxy(new MathBackendCPU(), { getPrototypeOf: () => tf.KernelBackend.prototype });
  tf.registerBackend('device', () => hidden as tf.KernelBackend);
  tf.copyRegisteredKernels('cpu', 'device');
  await tf.setBackend('cpu');
  await tf.ready();
}
