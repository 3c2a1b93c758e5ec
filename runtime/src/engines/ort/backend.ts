import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type { backend_util, DataType, TensorInfo } from '../../tf.js';
import { ArrayPool } from './array-pool.js';
import type { OrtTensor } from './binding.js';
import { detectBlockSize } from './kernels/blocked-channels.js';
import { Sessions } from './sessions.js';
import { measuredLimits, type SizeLimits } from './size-limits.js';

type DataId = TensorInfo['dataId'];

/** Bytes of freed tensors kept for reuse. */
const POOL_LIMIT = 256 * 2 ** 20;

/** tfjs's `cpu` backend (tensors are typed arrays in host memory) with ONNX Runtime at hand for its kernels. */
export class OrtBackend extends MathBackendCPU {
  #directBlock: { size: number | undefined } | undefined;
  readonly #pool = new ArrayPool(POOL_LIMIT);

  constructor(
    public sessions: Sessions,
    readonly limits: SizeLimits = measuredLimits,
  ) {
    super();
    silenceGreeting(this);
  }

  /** The block size of ONNX Runtime's direct convolutions, `undefined` where it has none. */
  get directBlock(): number | undefined {
    this.#directBlock ??= { size: detectBlockSize(this) };
    return this.#directBlock.size;
  }

  /** Threads for the kernels that use several. Costs the sessions made so far, so set it before training. */
  set threads(threads: number) {
    if (threads !== this.sessions.threads) this.sessions = new Sessions(this.sessions.binding, threads);
  }

  /** The live values of a float32 tensor, for reading inside a kernel. */
  float32(tensor: TensorInfo): Float32Array {
    const data = this.data.get(tensor.dataId);
    if (data instanceof PooledData) return data.array;
    // A few of `cpu`'s kernels leave another kind of array behind.
    const { values } = data;
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }

  /** The live values of an int32 tensor, for reading inside a kernel. */
  int32(tensor: TensorInfo): Int32Array {
    const { values } = this.data.get(tensor.dataId);
    return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  }

  /** A new float32 tensor of undefined content, for a kernel to fill. */
  allocate(shape: readonly number[]): TensorInfo {
    const dataId: DataId = {};
    this.data.set(dataId, new PooledData(this.#pool.take(product(shape))));
    return { dataId, shape: [...shape], dtype: 'float32' };
  }

  /** The tensor as ONNX Runtime takes it, optionally under another shape of the same size. No copy. */
  feed(tensor: TensorInfo, dims: readonly number[] = tensor.shape): OrtTensor {
    return { type: 'float32', dims, data: this.float32(tensor) };
  }

  /** As {@link feed}, for a bool tensor. */
  feedBool(tensor: TensorInfo, dims: readonly number[] = tensor.shape): OrtTensor {
    return { type: 'bool', dims, data: this.data.get(tensor.dataId).values as Uint8Array };
  }

  /** A tensor for an intermediate result of a kernel, of undefined content; give it to {@link release} after. */
  scratch(dims: readonly number[]): OrtTensor & { data: Float32Array } {
    return { type: 'float32', dims, data: this.#pool.take(product(dims)) };
  }

  release(...scratch: readonly { data: OrtTensor['data'] }[]): void {
    for (const { data } of scratch) this.#pool.give(data as Float32Array);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const data = this.data.has(dataId) ? this.data.get(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && data instanceof PooledData && !data.seen) this.#pool.give(data.array);
    return gone;
  }
}

/**
 * The data of a tensor whose array goes back to the pool, unless somebody outside of this engine's own kernels saw
 * it: `cpu` kernels may put views of it into other tensors, and users keep what `dataSync` gave them.
 */
class PooledData {
  readonly dtype: DataType = 'float32';
  readonly complexTensorInfos = undefined;
  refCount = 1;
  seen = false;

  constructor(readonly array: Float32Array) {}

  get values(): backend_util.BackendValues {
    this.seen = true;
    return this.array;
  }
}

function product(dims: readonly number[]): number {
  let size = 1;
  for (const dim of dims) size *= dim;
  return size;
}

/** tfjs's `cpu` greets its first tensor with an advertisement for another package. */
export function silenceGreeting(backend: MathBackendCPU): void {
  (backend as unknown as { firstUse: boolean }).firstUse = false;
}
