import type * as tf from '../tf.js';

/** How the values of all ranks become one. */
export type ReduceOp = 'sum' | 'mean' | 'min' | 'max' | 'product';

/** Arrays in host memory that collectives read and write in place. */
export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * What a collective works on: a tensor, whose values it replaces, or an array in host memory. All of one call have the
 * same type of values, and every rank passes the same sizes.
 */
export type Values = tf.Tensor | HostArray;

/** A collective under way. */
export interface Work {
  /**
   * Blocks until the collective is done on this rank. A training step is synchronous, so this is not a promise.
   *
   * @throws PLError PL8002 when another rank failed, died or hangs, PL8003 when the ranks are in different collectives
   */
  wait(): void;
}

/**
 * Processes that compute together. Every rank calls the same collectives in the same order. A group that has thrown is of
 * no further use.
 */
export interface ProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  readonly backend: 'local' | 'gloo' | 'nccl';

  /** Replaces the values by what `op` makes of those of all ranks, with the same bits on every rank. Default `sum`. */
  allReduce(values: readonly Values[], op?: ReduceOp): Work;
  /** Replaces the values by those of the rank `root`, by default the first. */
  broadcast(values: readonly Values[], root?: number): Work;
  /** As `allReduce` of each of the inputs, of which rank `i` gets the `i`-th, in `output`. */
  reduceScatter(output: Values, inputs: readonly Values[], op?: ReduceOp): Work;
  /** Fills `outputs[i]` with the `input` of rank `i`. */
  allGather(outputs: readonly Values[], input: Values): Work;
  /** Done when every rank has come this far. */
  barrier(): Work;

  /** Tells the other ranks why this one ends: what they wait for fails with this reason. */
  fail(reason: unknown): void;
  /** Leaves the group. */
  close(): void;
}

/** A collective that is done. */
export const done: Work = { wait() {} };
