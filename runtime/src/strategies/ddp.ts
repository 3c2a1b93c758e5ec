import type { SelectedEngine } from '../engines/selected-engine.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { OptimizerStateDict } from '../optim/optimizer-state.js';
import { globalGenerator } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import type { ClusterEnvironment } from './environments/cluster-environment.js';
import { GradientReducer } from './gradient-reducer.js';
import { wasLaunched } from './launched.js';
import { RankFailure } from './local/rank-failure.js';
import { broadcastVariables, syncVariables } from './module-sync.js';
import { broadcastObject, gatherObjects } from './objects.js';
import type { HostArray, ProcessGroup, ReduceOp } from './process-group.js';
import { joinProcesses, type ProcessRun } from './process-run.js';
import { type GradientReduction, nothingToReduce, type Strategy, type Synchronized } from './strategy.js';
import { synchronizeBatchNorm } from './sync-batch-norm.js';

export interface DDPOptions {
  environment: ClusterEnvironment;
  worldSize: number;
  /** Lets the ranks' losses reach different parameters, as it depends on the batch. */
  findUnusedParameters: boolean;
  /** Milliseconds that a rank waits for the others. */
  timeoutMs: number;
}

/** Milliseconds that the processes which this one started have to end by themselves after an error. */
const GRACE_MS = 5000;

/**
 * Data parallel training: every process has the whole model and a part of each batch; gradients are averaged before the
 * optimizer steps, so that all take the same step (Li et al., "PyTorch Distributed", 2020).
 */
export class DDPStrategy implements Strategy {
  #run: ProcessRun | undefined;
  #reducer: GradientReducer | undefined;
  /** What is no parameter, with the data that all ranks agree on. */
  #buffers: { variable: tf.Variable; dataId: object }[] = [];

  constructor(protected readonly options: DDPOptions) {}

  get globalRank(): number {
    return this.options.environment.globalRank;
  }

  get localRank(): number {
    return this.options.environment.localRank;
  }

  get nodeRank(): number {
    return this.options.environment.nodeRank;
  }

  get worldSize(): number {
    return this.options.worldSize;
  }

  get localWorldSize(): number {
    const { environment, worldSize } = this.options;
    return environment.createsProcessesExternally ? environment.localWorldSize : worldSize;
  }

  get isGlobalZero(): boolean {
    return this.globalRank === 0;
  }

  /** The collectives, once `connect` is done. */
  get group(): ProcessGroup {
    return this.#run!.group;
  }

  get holdsWholeState(): boolean {
    return true;
  }

  /** Whether this rank is alone from now on: the others no longer answer. */
  get #isAlone(): boolean {
    return this.#run?.hasFailed === true;
  }

  async connect({ name }: SelectedEngine): Promise<void> {
    const { environment, worldSize, timeoutMs } = this.options;
    this.#run = await joinProcesses(environment, name, worldSize, timeoutMs);
  }

  barrier(): void {
    if (!this.#isAlone) this.group.barrier().wait();
  }

  broadcast<Value>(value: Value): Value {
    return this.#isAlone ? value : broadcastObject(this.group, value);
  }

  gatherObjects<Value>(value: Value): Value[] {
    return this.#isAlone ? [value] : gatherObjects(this.group, value);
  }

  reduceBooleanDecision(decision: boolean, { all = false }: { all?: boolean } = {}): boolean {
    const votes = new Float64Array([decision ? 1 : 0]);
    this.reduce(votes, all ? 'min' : 'max');
    return votes[0] === 1;
  }

  reduce(values: HostArray, op: ReduceOp): void {
    if (!this.#isAlone) this.group.allReduce([values], op).wait();
  }

  allGather(tensor: tf.Tensor): tf.Tensor {
    if (this.#isAlone) return tensor;
    return tf.tidy(() => {
      const parts = Array.from({ length: this.worldSize }, () => tf.zeros(tensor.shape, tensor.dtype));
      this.group.allGather(parts, tensor).wait();
      return tf.stack(parts);
    });
  }

  syncModule(module: Synchronized): void {
    const variables = module.stateDict();
    syncVariables(this.group, variables);
    const names = new Map(Array.from(variables, ([name, variable]) => [variable, name]));
    this.#reducer = new GradientReducer(this.group, {
      findUnusedParameters: this.options.findUnusedParameters,
      nameOf: (parameter) => names.get(parameter) ?? parameter.name,
    });
    const parameters = new Set(module.parameters());
    this.#buffers = [...variables.values()]
      .filter((variable) => !parameters.has(variable))
      .map((variable) => ({ variable, dataId: variable.dataId }));
    this.#divergeRandomNumbers();
  }

  /** From the same weights on, each rank draws dropout masks of its own. */
  #divergeRandomNumbers(): void {
    const [word] = this.broadcast(globalGenerator().state());
    // Odd multiples of a constant: far apart for every word.
    if (this.globalRank > 0) globalGenerator().seed((word! + this.globalRank * 0x9e3779b1) >>> 0);
  }

  synchronizeBatchNorm(): () => void {
    return synchronizeBatchNorm(this.group);
  }

  prepareOptimizers(_optimizers: readonly Optimizer[]): void {}

  beginReduction(params: readonly tf.Variable[]): GradientReduction {
    if (this.#isAlone) return nothingToReduce;
    const reduction = this.#reducer!.begin(params);
    return {
      ready: (param) => reduction.ready(param),
      finish: (context) => {
        reduction.finish(context);
        this.#syncBuffers();
      },
    };
  }

  /** Buffers that the forward pass of any rank assigned, such as moving averages, become those of rank 0. */
  #syncBuffers(): void {
    if (this.#buffers.length === 0) return;
    const changes = Uint8Array.from(this.#buffers, ({ variable, dataId }) =>
      Number(variable.dataId !== dataId),
    );
    this.group.allReduce([changes], 'max').wait();
    const changed = this.#buffers.filter((_, i) => changes[i] === 1);
    broadcastVariables(
      this.group,
      changed.map(({ variable }) => variable),
    );
    for (const buffer of changed) buffer.dataId = buffer.variable.dataId;
  }

  optimizerState(optimizer: Optimizer, nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    return optimizer.stateDict(nameOf);
  }

  async fail(reason: unknown): Promise<void> {
    if (this.#run === undefined) return;
    const { group, children } = this.#run;
    this.#run.hasFailed = true;
    group.fail(reason);
    // Who hangs does not hear of it.
    if (reason instanceof RankFailure && reason.report.kind === 'hang' && startedTogether(this.#run)) {
      endProcess(reason.report.pid);
    }
    await children?.end(GRACE_MS);
  }
}

/** Whether the processes are this trainer's own, to be ended with it. */
function startedTogether({ children }: ProcessRun): boolean {
  return children !== undefined || wasLaunched();
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
