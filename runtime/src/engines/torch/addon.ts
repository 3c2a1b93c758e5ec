import type { MatmulPrecision } from '../autocast-engine.js';
import type { DistributedAddon } from './distributed.js';

/** The compiled addon, as `runtime/native/addon.cc` exports it. Each JavaScript thread has an instance of its own. */
export interface TorchAddon {
  /** libtorch's version. */
  readonly version: string;
  /** Names of the operations; an operation's number is its place. */
  readonly operations: readonly string[];
  /** Gives the addon the memory through which calls and results go: see `Exchange` in `call.h`. */
  connect(ints: Int32Array, floats: Float64Array, out: Int32Array, freed: Int32Array): void;
  /** Runs the operation that stands in the shared memory. */
  exec(): void;
  /** Makes a tensor of the type and shape that stand in the shared memory. Returns its handle. */
  write(values: Float32Array | Int32Array | Uint8Array): number;
  /** Copies a tensor's values. */
  read(handle: number, target: Float32Array | Int32Array | Uint8Array): void;
  /** Frees the tensors whose handles stand in the shared memory. */
  flush(): void;
  memory(): { bytes: number; peakBytes: number; tensors: number };
  resetPeak(): void;
  /** `cpu`, `cuda:0`, …, `mps` */
  devices(): string[];
  /** Where tensors are made. */
  device(): string;
  setDevice(device: string): void;
  setThreads(threads: number): void;
  setMatmulPrecision(precision: MatmulPrecision): void;
  /** The type of the numbers behind a handle: `Float`, `Half`, `BFloat16`, … */
  typeOf(handle: number): string;
  /** Waits until the device has done everything that it was asked to. */
  synchronize(): void;
  /** Seeds the generator of a device, by default the current one. */
  seed(seed: number, device?: string): void;
  /** What went wrong in the last call of `exec`. */
  lastError(): string;
  /** Whether a small product comes out right. */
  smoke(): boolean;
  /** Missing where it was built without c10d. */
  readonly distributed?: DistributedAddon;
}
