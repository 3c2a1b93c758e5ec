import { describeLibtorch } from './libtorch/libtorch.js';
import type { TorchAddonSearch } from './load-addon.js';

/** What the addon has of c10d, as `runtime/native/distributed/bindings.cc` exports it. */
export interface DistributedAddon {
  readonly backends: readonly DistributedBackend[];
  readonly Store: new (address: StoreAddress, hosts: boolean) => NativeStore;
  readonly Monitor: new (address: StoreAddress, rank: number, worldSize: number) => NativeMonitor;
  readonly ProcessGroup: new (options: NativeGroupOptions) => NativeProcessGroup;
  /** SIGINT and SIGTERM that came while JavaScript waited for a collective; `signal` is the number of the last. */
  interrupts(): { count: number; signal: number };
}

export type DistributedBackend = 'gloo' | 'nccl';

export interface StoreAddress {
  host: string;
  port: number;
  /** Of all keys. */
  prefix: string;
  timeoutMs: number;
}

/**
 * A connection to c10d's TCPStore, and on the rank that hosts it the store itself, in a thread of its own. Takes one
 * request at a time, the first of which is to connect.
 */
export interface NativeStore {
  /** Adds to a number. */
  add(key: string, number: number): void;
  set(key: string, text: string): void;
  get(keys: readonly string[]): void;
  /** The last request's answer, as soon as there is one within the time. @throws what keeps the store from answering */
  answer(milliseconds: number): StoreAnswer | undefined;
  close(): void;
}

export interface StoreAnswer {
  /** After `add`, of all that was added. */
  sum: number;
  /** After `get`, by key. */
  texts: (string | undefined)[];
}

/** Messages to all ranks, and what each rank last said of itself: see `Monitor` in `monitor.h`. */
export interface NativeMonitor {
  setActivity(activity: string): void;
  publish(message: string): void;
  /** Whether all messages were sent within the time. */
  flush(milliseconds: number): boolean;
  watchAll(): void;
  report(): MonitorReport;
  close(): void;
}

export interface MonitorReport {
  /** Those that were not reported before, in the same order on all ranks. */
  messages: string[];
  /** By rank: how often it was renewed, how many messages the rank has received, and its activity; '' for unknown. */
  states: { text: string; ageMs: number }[];
  /** How long the store has not answered. */
  silenceMs: number;
  /** What ended the connection to the store; empty while there is one. */
  lost: string;
}

export interface NativeGroupOptions {
  store: StoreAddress;
  rank: number;
  worldSize: number;
  backend: DistributedBackend;
  /** What gloo listens on. */
  address: string;
  /** An interface instead of an address; '' for none. */
  interface: string;
  timeoutMs: number;
}

/** A tensor's handle, or an array that stays where it is until the collective is over. */
export type NativeValue = number | Float32Array | Float64Array | Int32Array | Uint8Array;

/** Collectives return a number, to wait with. */
export interface NativeProcessGroup {
  /** Whether all ranks are connected. @throws what keeps them from it */
  connected(): boolean;
  allReduce(values: readonly NativeValue[], reduction: number): number;
  broadcast(values: readonly NativeValue[], root: number): number;
  reduceScatter(output: NativeValue, inputs: readonly NativeValue[], reduction: number): number;
  allGather(outputs: readonly NativeValue[], input: NativeValue): number;
  barrier(): number;
  /** Whether it is done and the values are in their places. @throws what it ended with */
  wait(collective: number, milliseconds: number): boolean;
  close(): void;
}

/** Over what the processes of a run exchange values, in one line. */
export function describeProcessGroups(torch: TorchAddonSearch): string {
  if (torch.state !== 'loaded') return 'on one host, without libtorch';
  const { distributed } = torch.addon;
  if (distributed === undefined) {
    return `on one host: ${describeLibtorch(torch.libtorch)} was built without c10d`;
  }
  return `${distributed.backends.join(', ')} (c10d of libtorch ${torch.libtorch.version})`;
}
