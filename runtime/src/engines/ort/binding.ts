import { createRequire } from 'node:module';
import { encodeModel } from './onnx-model.js';

/**
 * ONNX Runtime's synchronous binding. tfjs kernels are synchronous and the package's public `run` is not, so this
 * reaches for a file of the package that is not part of its public interface: the version is pinned, nothing else
 * in this code base knows the path, and {@link loadBinding} proves that it works before anyone relies on it.
 */

export interface OrtTensor {
  readonly type: 'float32' | 'int32' | 'int64' | 'bool' | 'uint8';
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export type OrtTensors = Readonly<Record<string, OrtTensor>>;

export interface NativeSession {
  loadModel(model: ArrayBufferLike, offset: number, length: number, options: SessionOptions): void;
  /** Runs the model; the results are written into the arrays of `outputs`. */
  run(inputs: OrtTensors, outputs: OrtTensors, options: object): unknown;
}

export interface SessionOptions {
  intraOpNumThreads: number;
  interOpNumThreads: number;
  graphOptimizationLevel: 'disabled' | 'all';
  enableCpuMemArena: boolean;
  enableMemPattern: boolean;
  /** 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. */
  logSeverityLevel: number;
}

export interface OrtBinding {
  InferenceSession: new () => NativeSession;
}

/** The binding, after one small matrix product through it. Throws when it does not load or computes wrongly. */
export function loadBinding(path = 'onnxruntime-node/dist/binding'): OrtBinding {
  const { binding } = createRequire(import.meta.url)(path) as { binding: OrtBinding };
  const [product] = multiplyOnce(binding);
  if (product !== 11) throw new Error(`a test product gave ${product} instead of 11`);
  return binding;
}

export function openSession(
  binding: OrtBinding,
  model: Uint8Array,
  { threads }: { threads: number },
): NativeSession {
  const session = new binding.InferenceSession();
  session.loadModel(model.buffer, model.byteOffset, model.byteLength, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'disabled',
    enableCpuMemArena: true,
    enableMemPattern: false,
    logSeverityLevel: 4,
  });
  return session;
}

function multiplyOnce(binding: OrtBinding): Float32Array {
  const model = encodeModel({
    nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
    inputs: { a: 'float32', b: 'float32' },
    outputs: { y: 'float32' },
  });
  const tensor = (dims: number[], ...values: number[]): OrtTensor => ({
    type: 'float32',
    dims,
    data: Float32Array.from(values),
  });
  const y = tensor([1, 1], 0);
  const session = openSession(binding, model, { threads: 1 });
  session.run({ a: tensor([1, 2], 1, 2), b: tensor([2, 1], 3, 4) }, { y }, {});
  return y.data as Float32Array;
}
