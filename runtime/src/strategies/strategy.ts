import type { SelectedEngine } from '../engines/selected-engine.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { OptimizerStateDict } from '../optim/optimizer-state.js';
import type * as tf from '../tf.js';
import type { HostArray, ReduceOp } from './process-group.js';

/** What a gradient reduction may take for granted. */
export interface ReductionContext {
  /** Whether parameters that no rank has a gradient for are a mistake. */
  expectsAll: boolean;
}

/** Gradients on their way to being the mean of all ranks. */
export interface GradientReduction {
  /** The slot of a parameter holds its gradient; from now on it belongs to the reduction. */
  ready(param: tf.Variable): void;
  /** Waits until all are there. @throws PLError PL8007 where some ranks lack some */
  finish(context: ReductionContext): void;
}

/** Of a process that is alone: its gradients are the mean already. */
export const nothingToReduce: GradientReduction = { ready() {}, finish() {} };

/** What the ranks have to have in common: variables by name, and those of them that are trained. */
export interface Synchronized {
  stateDict(): ReadonlyMap<string, tf.Variable>;
  parameters(): readonly tf.Variable[];
}

/**
 * How many processes train together, and what they do together. Everything that is not a property is called on every
 * rank, in the same order.
 */
export interface Strategy {
  /** 0 … worldSize-1. */
  readonly globalRank: number;
  /** Among the processes of this host. */
  readonly localRank: number;
  readonly nodeRank: number;
  readonly worldSize: number;
  /** Processes on this host. */
  readonly localWorldSize: number;
  /** Whether this is the process that writes files and shows progress. */
  readonly isGlobalZero: boolean;

  /** Whether each rank by itself has everything that a checkpoint is made of. */
  readonly holdsWholeState: boolean;

  /**
   * Starts the other processes where nobody has, and waits until all are there.
   *
   * @param engine what all of them compute with
   */
  connect(engine: SelectedEngine): Promise<void>;

  /** Waits until every rank has come this far. */
  barrier(): void;
  /** What rank 0 passed: anything that can be cloned. */
  broadcast<Value>(value: Value): Value;
  /** What every rank passed, in the order of ranks. */
  gatherObjects<Value>(value: Value): Value[];
  /** Whether one rank, or with `all` every rank, says yes. */
  reduceBooleanDecision(decision: boolean, options?: { all?: boolean }): boolean;
  /** Reduces the values in place. */
  reduce(values: HostArray, op: ReduceOp): void;
  /** The values of all ranks, stacked: `[worldSize, ...shape]`; those of one process alone as they are. */
  allGather(tensor: tf.Tensor): tf.Tensor;

  /** Gives every rank the weights and buffers of rank 0. @throws PLError PL8006 where the models differ in structure */
  syncModule(module: Synchronized): void;
  /** Normalizes training batches by the statistics of all ranks, until the returned function is called. */
  synchronizeBatchNorm(): () => void;
  /** Prepares the optimizers of a fit. */
  prepareOptimizers(optimizers: readonly Optimizer[]): void;
  /** Begins to average the parameters' gradients over the ranks, before a backward pass or after it. */
  beginReduction(params: readonly tf.Variable[]): GradientReduction;
  /** The whole state of an optimizer; where it is divided, on rank 0 only. The tensors live until the next call. */
  optimizerState(optimizer: Optimizer, nameOf: (v: tf.Variable) => string): OptimizerStateDict;

  /**
   * Tells the others that this rank cannot go on, and ends what it has started. From then on the rank stands alone: what
   * it reduces, gathers or receives is its own.
   */
  fail(reason: unknown): Promise<void>;
}
