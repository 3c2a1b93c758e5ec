import { loadAddon } from './load-addon.js';
import { encodeModel, type OnnxGraph } from './onnx-model.js';

/**
 * ONNX Runtime's synchronous binding. tfjs kernels are synchronous and the package's public `run` is not, so this
 * reaches for a file of the package that is not part of its public interface: the version is pinned, nothing else
 * in this code base knows it, and {@link loadBinding} proves that it works before anyone relies on it.
 */

export interface OrtTensor {
  readonly type: 'float32' | 'int32' | 'int64' | 'bool' | 'uint8';
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export type OrtTensors = Readonly<Record<string, OrtTensor>>;

interface SessionOptions {
  intraOpNumThreads: number;
  interOpNumThreads: number;
  graphOptimizationLevel: 'disabled' | 'all';
  enableCpuMemArena: boolean;
  enableMemPattern: boolean;
  /** 0 verbose, 1 info, 2 warning, 3 error, 4 fatal. */
  logSeverityLevel: number;
}

interface NativeSession {
  loadModel(model: ArrayBufferLike, offset: number, length: number, options: SessionOptions): void;
  run(inputs: OrtTensors, outputs: Readonly<Record<string, OrtTensor | null>>): unknown;
}

export interface OrtBinding {
  readonly InferenceSession: new () => NativeSession;
  /** What the binding says when it is asked for an unreadable output; `undefined` when it does not complain. */
  complaint: string | undefined;
}

/** The binding, after one small matrix product through it. Throws when it does not load or computes wrongly. */
export function loadBinding(path = 'onnxruntime-node/dist/binding'): OrtBinding {
  const { InferenceSession } = loadAddon<OrtBinding>(path);
  const binding: OrtBinding = { InferenceSession, complaint: undefined };
  const session = new OrtSession(binding, testGraph, 1);
  expectEleven((y) => session.run({ a: testTensor([1, 2], 1, 2), b: testTensor([2, 1], 3, 4) }, { y }));
  binding.complaint = session.complaint();
  return binding;
}

/**
 * After each call the binding copies every output into a new array, although it was given one to write to: a fresh
 * page for every 4 KiB and work for the garbage collector, ten times the cost of adding two numbers. It does so one
 * output after the other, and gives up at the first whose type JavaScript has no array for. So every graph has such
 * an output, the first one, and large calls ask for it too: the results are in place by then.
 */
const UNREADABLE = 'unreadable';

/** Bytes from which the exception is cheaper than the copy. */
const COPY_LIMIT = 32 * 1024;

/** One graph, ready to run on any shapes. Taking 0.6 to 2 ms to make, it is worth keeping. */
export class OrtSession {
  readonly #session: NativeSession;

  constructor(
    readonly binding: OrtBinding,
    graph: OnnxGraph,
    threads: number,
  ) {
    const model = encodeModel({
      ...graph,
      outputs: { [UNREADABLE]: 'bfloat16', ...graph.outputs },
      bfloat16Zeros: [UNREADABLE],
    });
    this.#session = new binding.InferenceSession();
    this.#session.loadModel(model.buffer, model.byteOffset, model.byteLength, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'disabled',
      enableCpuMemArena: true,
      enableMemPattern: false,
      logSeverityLevel: 4,
    });
  }

  /** Runs the graph; the results are written into the arrays of `outputs`. */
  run(inputs: OrtTensors, outputs: OrtTensors): void {
    let bytes = 0;
    for (const name in outputs) bytes += outputs[name]!.data.byteLength;
    if (bytes < COPY_LIMIT || this.binding.complaint === undefined) {
      this.#session.run(inputs, outputs);
      return;
    }
    const message = this.#failure(inputs, outputs);
    if (message !== this.binding.complaint) throw new Error(message);
  }

  /** What the binding says to an unreadable output, when it does so after having written the results. */
  complaint(): string | undefined {
    try {
      let message = '';
      expectEleven((y) => {
        message = this.#failure({ a: testTensor([1, 2], 1, 2), b: testTensor([2, 1], 3, 4) }, { y });
      });
      return message;
    } catch {
      return undefined;
    }
  }

  #failure(inputs: OrtTensors, outputs: OrtTensors): string {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      this.#session.run(inputs, { [UNREADABLE]: null, ...outputs });
    } catch (error) {
      return (error as Error).message;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    throw new Error('ONNX Runtime could read an output of type bfloat16.');
  }
}

const testGraph: OnnxGraph = {
  nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
  inputs: { a: 'float32', b: 'float32' },
  outputs: { y: 'float32' },
};

function testTensor(dims: readonly number[], ...values: number[]): OrtTensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}

function expectEleven(multiply: (y: OrtTensor) => void): void {
  const y = testTensor([1, 1], 0);
  multiply(y);
  if (y.data[0] !== 11) throw new Error(`a test product gave ${y.data[0]} instead of 11`);
}
