import type {
  DistributedAddon,
  DistributedBackend,
  NativeProcessGroup,
} from '../../engines/torch/distributed.js';
import { PLError } from '../../errors/pl-error.js';
import { checkParts } from '../parts.js';
import type { ProcessGroup, ReduceOp, Values, Work } from '../process-group.js';
import { bytesOf, checkTypes, input, type Operand, output } from './operands.js';
import { type Activity, RankWatch } from './rank-watch.js';
import { type Meeting, meet, type RendezvousOptions } from './rendezvous.js';

/** As `Reduction` in `process_group.h` numbers them. */
const reductions: Readonly<Record<ReduceOp, number>> = { sum: 0, mean: 1, min: 2, max: 3, product: 4 };

/** How long the addon waits before the ranks are looked at. A collective that ends is noticed at once. */
const SLICE_MS = 50;
/** Of a rank that was not watched before, it shows within this whether it is silent. */
const STATES_MS = 4000;
/** What a broken connection means is known after this at the latest. */
const DIAGNOSIS_MS = 5000;

/**
 * c10d's process group in libtorch: gloo between CPUs, NCCL between GPUs. Collectives run on threads of their own while
 * JavaScript goes on. Tensors of the torch engine never leave libtorch.
 */
export class C10dProcessGroup implements ProcessGroup {
  readonly rank: number;
  readonly worldSize: number;
  readonly backend: DistributedBackend;
  readonly #group: NativeProcessGroup;
  readonly #watch: RankWatch;
  readonly #closeStore: () => void;
  #sequence = 0;
  #closed = false;

  private constructor(
    private readonly addon: DistributedAddon,
    private readonly options: RendezvousOptions & { storeIsOfLauncher: boolean },
    { group, store, storeAddress, identities }: Meeting,
  ) {
    const { rank, worldSize, backend, host, port, storeIsOfLauncher, hostsStore } = options;
    this.rank = rank;
    this.worldSize = worldSize;
    this.backend = backend;
    this.#group = group;
    const monitor = new addon.Monitor(storeAddress, rank, worldSize);
    this.#watch = new RankWatch(monitor, rank, identities, { host, port, isOfLauncher: storeIsOfLauncher });
    this.#closeStore = () => store.close();
    if (!hostsStore) store.close();
  }

  /** @throws PLError PL8004 when the processes do not come together in time */
  static async join(
    addon: DistributedAddon,
    options: RendezvousOptions & { storeIsOfLauncher: boolean },
  ): Promise<C10dProcessGroup> {
    return new C10dProcessGroup(addon, options, await meet(addon, options));
  }

  allReduce(values: readonly Values[], op: ReduceOp = 'sum'): Work {
    const operands = values.map(output);
    checkReduction('allReduce', operands, op);
    return this.#start('allReduce', operands, () => this.#group.allReduce(natives(operands), reductions[op]));
  }

  broadcast(values: readonly Values[], root = 0): Work {
    const operands = values.map(output);
    return this.#start('broadcast', operands, () => this.#group.broadcast(natives(operands), root));
  }

  reduceScatter(into: Values, inputs: readonly Values[], op: ReduceOp = 'sum'): Work {
    const parts = inputs.map(input);
    const own = output(into);
    checkParts('reduceScatter', own.length, lengths(parts), this.worldSize);
    checkReduction('reduceScatter', [own, ...parts], op);
    return this.#start('reduceScatter', [own], () =>
      this.#group.reduceScatter(own.native, natives(parts), reductions[op]),
    );
  }

  allGather(outputs: readonly Values[], values: Values): Work {
    const own = input(values);
    const parts = outputs.map(output);
    checkParts('allGather', own.length, lengths(parts), this.worldSize);
    checkTypes([own, ...parts]);
    return this.#start(
      'allGather',
      parts,
      () => this.#group.allGather(natives(parts), own.native),
      bytesOf([own]),
    );
  }

  barrier(): Work {
    return this.#start('barrier', [], () => this.#group.barrier());
  }

  fail(reason: unknown): void {
    if (this.#closed) return;
    this.#watch.fail(reason);
    if (this.options.hostsStore) this.#watch.linger();
  }

  close(): void {
    if (this.#closed) return;
    this.#watch.leave(this.#sequence);
    if (this.options.hostsStore) this.#watch.linger();
    this.#closed = true;
    this.#watch.close();
    this.#group.close();
    this.#closeStore();
  }

  #start(
    collective: string,
    operands: readonly Operand[],
    start: () => number,
    bytes = bytesOf(operands),
  ): Work {
    if (this.#watch.failure !== undefined) throw this.#watch.failure;
    checkTypes(operands);
    const activity = { sequence: ++this.#sequence, collective, bytes };
    this.#watch.begin(activity);
    let number: number | undefined = start();
    return {
      wait: () => {
        if (number === undefined) return;
        this.#wait(number, activity);
        number = undefined;
        for (const { writeBack } of operands) writeBack?.();
      },
    };
  }

  #wait(number: number, activity: Activity): void {
    const { timeoutMs } = this.options;
    const start = performance.now();
    const signals = this.addon.interrupts().count;
    for (;;) {
      const left = timeoutMs - (performance.now() - start);
      try {
        if (this.#group.wait(number, Math.max(Math.min(SLICE_MS, left), 0))) return;
      } catch (problem) {
        throw this.#diagnose(problem as Error, activity);
      }
      this.#obeySignals(signals);
      const failure = this.#watch.look(activity);
      if (failure !== undefined) throw failure;
      if (left < STATES_MS) this.#watch.watchAll();
      if (left <= 0) throw this.#watch.late(activity, timeoutMs);
    }
  }

  /** A connection broke: who broke it shows within seconds. */
  #diagnose(problem: Error, activity: Activity): PLError {
    this.#watch.watchAll();
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const until = performance.now() + DIAGNOSIS_MS;
    do {
      const failure = this.#watch.look(activity) ?? this.#watch.silent();
      if (failure !== undefined) return failure;
      Atomics.wait(clock, 0, 0, 20);
    } while (performance.now() < until);
    const error = new PLError(
      'PL8002',
      `${activity.collective} failed on rank ${this.rank}, though all other ranks answer: ${problem.message}`,
      { hint: 'The network between the hosts may have been interrupted.', cause: problem },
    );
    this.#watch.fail(error);
    return error;
  }

  /** Who handles signals hears of them when JavaScript goes on. The second means: at once. */
  #obeySignals(before: number): void {
    const { count, signal } = this.addon.interrupts();
    if (count - before < 2) return;
    this.fail(new Error(`it was interrupted by signal ${signal}`));
    process.exit(128 + signal);
  }
}

const natives = (operands: readonly Operand[]) => operands.map(({ native }) => native);
const lengths = (operands: readonly Operand[]) => operands.map(({ length }) => length);

function checkReduction(collective: string, operands: readonly Operand[], op: ReduceOp): void {
  checkTypes(operands);
  if (operands[0]?.type !== 'complex64' || op === 'sum' || op === 'mean') return;
  throw new PLError('PL8003', `${collective} got complex numbers, of which there is no ${op}.`, {
    hint: 'Reduce them by sum or mean, or their real and imaginary parts one by one.',
  });
}
