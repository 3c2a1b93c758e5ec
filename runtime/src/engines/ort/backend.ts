import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { TensorInfo } from '../../tf.js';
import type { OrtTensor } from './binding.js';
import { Sessions } from './sessions.js';
import { measuredLimits, type SizeLimits } from './size-limits.js';

/** tfjs's `cpu` backend (tensors are typed arrays in host memory) with ONNX Runtime at hand for its kernels. */
export class OrtBackend extends MathBackendCPU {
  constructor(
    public sessions: Sessions,
    readonly limits: SizeLimits = measuredLimits,
  ) {
    super();
    silenceGreeting(this);
  }

  /** Threads for the kernels that use several. Costs the sessions made so far, so set it before training. */
  set threads(threads: number) {
    if (threads !== this.sessions.threads) this.sessions = new Sessions(this.sessions.binding, threads);
  }

  /** The live values of a float32 tensor. (A few of `cpu`'s kernels leave another kind of array behind.) */
  float32(tensor: TensorInfo): Float32Array {
    const { values } = this.data.get(tensor.dataId);
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  /** A new tensor of undefined content, for a kernel to fill. */
  allocate(shape: readonly number[]): TensorInfo {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return this.makeTensorInfo([...shape], 'float32', new Float32Array(size));
  }

  /** The tensor as ONNX Runtime takes it, optionally under another shape of the same size. No copy. */
  feed(tensor: TensorInfo, dims: readonly number[] = tensor.shape): OrtTensor {
    return { type: 'float32', dims, data: this.float32(tensor) };
  }
}

/** tfjs's `cpu` greets its first tensor with an advertisement for another package. */
export function silenceGreeting(backend: MathBackendCPU): void {
  (backend as unknown as { firstUse: boolean }).firstUse = false;
}
