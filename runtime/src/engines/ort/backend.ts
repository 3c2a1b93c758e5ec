import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import { type backend_util, type DataType, engine, type TensorInfo } from '../../tf.js';
import { ArrayPool } from './array-pool.js';
import type { OrtTensor } from './binding.js';
import { detectBlockSize } from './kernels/blocked-channels.js';
import { Sessions } from './sessions.js';
import { measuredLimits, type SizeLimits } from './size-limits.js';

type DataId = TensorInfo['dataId'];

/** Bytes of freed tensors kept for reuse. */
const POOL_LIMIT = 256 * 2 ** 20;

/**
 * A kernel that was called and has not run yet. It runs when somebody asks for the values of its result; a kernel
 * that gets the result before may look at the plan and do both kernels' work at once. Nobody may ever ask: most plans
 * end with their tensor.
 */
export interface Plan {
  /** What the kernel reads, kept until it ran or its result is disposed. */
  readonly inputs: readonly TensorInfo[];
  /** The result, in memory of its own that {@link OrtBackend.allocate} gave. */
  run(): TensorInfo;
}

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

  /** A new float32 tensor that waits for its values to be asked for. */
  defer(shape: readonly number[], plan: Plan): TensorInfo {
    for (const { dataId } of plan.inputs) this.incRef(dataId);
    const dataId: DataId = {};
    this.data.set(dataId, new PooledData(plan, () => this.#carryOut(plan)));
    return { dataId, shape: [...shape], dtype: 'float32' };
  }

  /** What the values of a tensor wait for; `undefined` when they are there. */
  planOf({ dataId }: TensorInfo): Plan | undefined {
    const data = this.data.get(dataId);
    return data instanceof PooledData ? data.plan : undefined;
  }

  #carryOut(plan: Plan): Float32Array {
    const { dataId } = plan.run();
    const { array } = this.data.get(dataId) as unknown as PooledData;
    this.data.delete(dataId);
    this.#letGo(plan);
    return array;
  }

  #letGo({ inputs }: Plan): void {
    for (const { dataId } of inputs) {
      if (this.disposeData(dataId)) engine().removeDataId(dataId, this);
    }
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
    if (gone && data instanceof PooledData) {
      if (data.plan !== undefined) this.#letGo(data.plan);
      else if (!data.seen) this.#pool.give(data.array);
    }
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
  #array: Float32Array | undefined;
  #plan: Plan | undefined;
  readonly #carryOut: (() => Float32Array) | undefined;

  constructor(content: Float32Array | Plan, carryOut?: () => Float32Array) {
    if (content instanceof Float32Array) this.#array = content;
    else this.#plan = content;
    this.#carryOut = carryOut;
  }

  /** Set as long as there is no array. */
  get plan(): Plan | undefined {
    return this.#plan;
  }

  get array(): Float32Array {
    if (this.#array === undefined) {
      this.#array = this.#carryOut!();
      this.#plan = undefined;
    }
    return this.#array;
  }

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
