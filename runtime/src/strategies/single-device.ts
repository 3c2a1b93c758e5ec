import type { Optimizer } from '../optim/optimizer.js';
import type { OptimizerStateDict } from '../optim/optimizer-state.js';
import type * as tf from '../tf.js';
import { type GradientReduction, nothingToReduce, type Strategy } from './strategy.js';

/** One process, which is alone. */
export class SingleDeviceStrategy implements Strategy {
  readonly localRank = 0;
  readonly nodeRank = 0;
  readonly worldSize = 1;
  readonly localWorldSize = 1;
  readonly holdsWholeState = true;

  /** @param globalRank that of a process which a run on several devices has left behind: it stays silent */
  constructor(readonly globalRank = 0) {}

  get isGlobalZero(): boolean {
    return this.globalRank === 0;
  }

  async connect(): Promise<void> {}

  barrier(): void {}

  broadcast<Value>(value: Value): Value {
    return value;
  }

  gatherObjects<Value>(value: Value): Value[] {
    return [value];
  }

  reduceBooleanDecision(decision: boolean): boolean {
    return decision;
  }

  reduce(): void {}

  allGather(tensor: tf.Tensor): tf.Tensor {
    return tensor;
  }

  syncModule(): void {}

  synchronizeBatchNorm(): () => void {
    return () => {};
  }

  prepareOptimizers(): void {}

  beginReduction(): GradientReduction {
    return nothingToReduce;
  }

  optimizerState(optimizer: Optimizer, nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    return optimizer.stateDict(nameOf);
  }

  async fail(): Promise<void> {}
}
