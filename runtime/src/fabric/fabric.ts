import { applyToCollection } from '../data/apply-to-collection.js';
import type { DataLoader } from '../data/data-loader.js';
import type { SelectedEngine } from '../engines/selected-engine.js';
import { PLError } from '../errors/pl-error.js';
import type { Logger } from '../loggers/logger.js';
import { backward } from '../optim/backward.js';
import { clipGradNorm, clipGradValue, type NormType, totalNorm } from '../optim/clip-gradients.js';
import { gradOf } from '../optim/gradients.js';
import { Optimizer } from '../optim/optimizer.js';
import { paramsOf } from '../optim/params-of.js';
import { createPrecision, setMatmulPrecision } from '../precision/create-precision.js';
import { parseMatmulPrecision, parsePrecision } from '../precision/parse-precision.js';
import type { PrecisionPlugin } from '../precision/precision-plugin.js';
import { seedEverything } from '../random/seed-everything.js';
import { createStrategy } from '../strategies/create-strategy.js';
import { partOfRank } from '../strategies/part-of-rank.js';
import { selectProcessEngine } from '../strategies/process-engine.js';
import type { ReduceOp } from '../strategies/process-group.js';
import type { Strategy } from '../strategies/strategy.js';
import * as tf from '../tf.js';
import { FabricDataLoader } from './fabric-data-loader.js';
import { FabricOptimizer } from './fabric-optimizer.js';
import type { FabricOptions } from './options.js';
import { PackedTensor } from './packed-tensor.js';
import { loadState, saveState } from './saved-state.js';
import { parametersOf, SetUpModels } from './set-up-models.js';
import { FabricTfjsOptimizer } from './tfjs-optimizer.js';

type AnyOptimizer = Optimizer | tf.Optimizer;

/** What `setup` makes of an optimizer. */
export type SetUpOptimizer<O extends AnyOptimizer> = O extends Optimizer
  ? FabricOptimizer<O>
  : O extends tf.Optimizer
    ? FabricTfjsOptimizer<O>
    : never;

type SetUpOptimizers<Os extends readonly AnyOptimizer[]> = { [I in keyof Os]: SetUpOptimizer<Os[I]> };

type FabricLoaders<Bs extends readonly unknown[]> = { [I in keyof Bs]: FabricDataLoader<Bs[I]> };

export interface ClipOptions {
  /** Limits the norm of all gradients together. */
  maxNorm?: number;
  /** Which norm; default 2. */
  normType?: NormType;
  /** Limits every value of the gradients. */
  clipVal?: number;
  /** Whether a norm that is not finite is an error. Default true. */
  errorIfNonfinite?: boolean;
}

/**
 * Several processes, another precision and another engine for a training loop that is written by hand, which stays in
 * charge: Lightning's Fabric.
 *
 * @example
 * ```ts
 * const fabric = new Fabric({ devices: 2 });
 * await fabric.launch();
 * const [model, optimizer] = fabric.setup(new Net(), new SGD(net.parameters(), { lr: 0.1 }));
 * const loader = fabric.setupDataLoaders(new DataLoader(dataset, { batchSize: 32, shuffle: true }));
 * for (const { x, label } of loader) {
 *   optimizer.zeroGrad();
 *   const loss = fabric.backward(() => crossEntropy(model.forward(x), label));
 *   optimizer.step();
 * }
 * ```
 */
export class Fabric {
  readonly strategy: Strategy;
  readonly loggers: readonly Logger[];
  readonly callbacks: readonly object[];
  readonly #options: FabricOptions;
  readonly #models = new SetUpModels();
  #started: { engine: SelectedEngine; precision: PrecisionPlugin } | undefined;
  #syncs = true;

  /** @throws PLError PL81xx for launchers' variables that contradict the settings, PL8201 for an unknown precision */
  constructor(options: FabricOptions = {}) {
    this.#options = options;
    parsePrecision(options.precision ?? '32-true');
    const { devices = 'auto', numNodes = 1, strategy = 'auto', processGroupTimeout = 1800 } = options;
    this.strategy = createStrategy({ devices, numNodes, strategy, processGroupTimeout });
    this.loggers = this.isGlobalZero ? listOf(options.loggers) : [];
    this.callbacks = listOf(options.callbacks);
  }

  /** Number of this process among all of the run. */
  get globalRank(): number {
    return this.strategy.globalRank;
  }

  /** Number of this process among those of its host. */
  get localRank(): number {
    return this.strategy.localRank;
  }

  /** Number of this host. */
  get nodeRank(): number {
    return this.strategy.nodeRank;
  }

  /** Processes that train together. */
  get worldSize(): number {
    return this.strategy.worldSize;
  }

  /** Whether this is the process that writes files and prints. */
  get isGlobalZero(): boolean {
    return this.strategy.isGlobalZero;
  }

  /** Where tensors are: `cpu`, `cuda:0`. @throws PLError PL8401 before `launch` */
  get device(): string {
    return this.#running.engine.device;
  }

  /** The first logger. */
  get logger(): Logger | undefined {
    return this.loggers[0];
  }

  get #running(): { engine: SelectedEngine; precision: PrecisionPlugin } {
    if (this.#started !== undefined) return this.#started;
    throw new PLError('PL8401', 'the Fabric was used before `launch`.', {
      hint: 'Call `await fabric.launch()` first, before models are made.',
    });
  }

  /**
   * Chooses the engine, starts the other processes where no launcher has, and waits for them. With `body`, runs it in
   * all processes; an error in one ends them all.
   *
   * @returns what `body` returned
   * @throws PLError PL6001, PL6002 for engines and devices that are not there, PL8202 for a precision that the engine
   * cannot do, PL8001, PL8004, PL8005 when the processes do not come together, PL8401 the second time
   */
  async launch(): Promise<void>;
  async launch<Result>(body: (fabric: this) => Result | Promise<Result>): Promise<Result>;
  async launch<Result>(body?: (fabric: this) => Result | Promise<Result>): Promise<Result | undefined> {
    if (this.#started !== undefined) throw new PLError('PL8401', '`launch` was called twice.');
    const engine = await this.#selectEngine();
    const precision = this.#precisionOn(engine);
    await this.strategy.connect(engine);
    this.#started = { engine, precision };
    try {
      return await body?.(this);
    } catch (error) {
      await this.strategy.fail(error);
      throw error;
    }
  }

  #selectEngine(): Promise<SelectedEngine> {
    const { engine, accelerator, threads } = this.#options;
    return selectProcessEngine(
      {
        ...(engine && { engine }),
        ...(accelerator && { accelerator }),
        ...(threads !== undefined && { threads }),
      },
      this.strategy,
    );
  }

  #precisionOn(engine: SelectedEngine): PrecisionPlugin {
    const { precision = '32-true', matmulPrecision } = this.#options;
    if (matmulPrecision !== undefined) setMatmulPrecision(parseMatmulPrecision(matmulPrecision), engine);
    return createPrecision(parsePrecision(precision), engine);
  }

  /**
   * Makes a model and the optimizers of its parameters those of all processes: every process gets the weights of the
   * first, and the optimizers' steps are right for the precision.
   *
   * @param model what holds layers and variables (a class of yours, a LightningModule), or a model of tfjs
   * @param optimizers of this runtime or of tfjs (`tf.train.adam`)
   * @returns the model itself, with the optimizers to use in place of those given
   * @throws PLError PL8006 where the processes' models differ in structure, PL8010 for an optimizer whose state cannot
   * be divided, PL8205 for one that the precision does not go with
   */
  setup<Model extends object>(model: Model): Model;
  setup<Model extends object, Os extends readonly AnyOptimizer[]>(
    model: Model,
    ...optimizers: Os
  ): [model: Model, ...optimizers: SetUpOptimizers<Os>];
  setup(model: object, ...optimizers: AnyOptimizer[]): unknown {
    this.setupModule(model);
    if (optimizers.length === 0) return model;
    return [model, ...optimizers.map((optimizer) => this.#setUp(optimizer, parametersOf(model)))];
  }

  /** As `setup`, of a model alone. */
  setupModule<Model extends object>(model: Model): Model {
    const { precision } = this.#running;
    this.#models.add(model);
    precision.convert(parametersOf(model));
    this.strategy.syncModule(this.#models);
    return model;
  }

  /** As `setup`, of optimizers alone: their models were set up before. */
  setupOptimizers<Os extends readonly AnyOptimizer[]>(...optimizers: Os): SetUpOptimizers<Os> {
    const params = this.#models.parameters();
    return optimizers.map((optimizer) => this.#setUp(optimizer, params)) as SetUpOptimizers<Os>;
  }

  #setUp(optimizer: AnyOptimizer, params: readonly tf.Variable[]): FabricOptimizer | FabricTfjsOptimizer {
    const { precision } = this.#running;
    precision.checkOptimizer(optimizer);
    if (optimizer instanceof Optimizer) {
      this.strategy.prepareOptimizers([optimizer]);
      return new FabricOptimizer(optimizer, precision);
    }
    if (!this.strategy.holdsWholeState) {
      throw new PLError('PL8010', `the state of tfjs's ${optimizer.getClassName()} cannot be divided.`, {
        hint: "Set strategy to 'ddp', or use an optimizer of @pl-ts/runtime.",
      });
    }
    return new FabricTfjsOptimizer(optimizer, params, precision, (forward, trained) =>
      this.#backward(forward, [trained]),
    );
  }

  /**
   * This process's part of data loaders, which count their epochs: each epoch has an order of its own. What does not
   * divide evenly is filled up, so that all processes take equally many batches.
   *
   * @returns one for one, a list for several
   * @throws PLError PL4015 for a loader with batches of its own that cannot be divided
   */
  setupDataLoaders<B>(loader: DataLoader<B>): FabricDataLoader<B>;
  setupDataLoaders<Bs extends readonly unknown[]>(
    ...loaders: { [I in keyof Bs]: DataLoader<Bs[I]> }
  ): FabricLoaders<Bs>;
  setupDataLoaders(...loaders: DataLoader<unknown>[]): unknown {
    const own = loaders.map((loader) => new FabricDataLoader(partOfRank(this.strategy, loader, 'repeat')));
    return own.length === 1 ? own[0] : own;
  }

  /**
   * Runs the forward pass in the precision, and adds the gradients of its loss to those of the parameters of all models
   * that were set up; then averages them over the processes, unless inside of `noBackwardSync`.
   *
   * @returns the loss of this process; the caller disposes it
   * @throws PLError PL7001 for anything but a float32 scalar, PL8007 where processes lack gradients, PL8402 without models
   */
  backward(forward: () => tf.Scalar): tf.Scalar {
    const groups = this.#models.parametersByModel();
    if (groups.length > 0) return this.#backward(forward, groups);
    throw new PLError('PL8402', 'fabric.backward was called without a model.', {
      hint: 'Pass the model through fabric.setup first.',
    });
  }

  #backward(forward: () => tf.Scalar, groups: readonly (readonly tf.Variable[])[]): tf.Scalar {
    const { precision } = this.#running;
    const reductions = this.#syncs ? groups.map((params) => this.strategy.beginReduction(params)) : [];
    // Several models would talk in an order that depends on the batch.
    const early = reductions.length === 1 ? reductions[0] : undefined;
    const pass = () => precision.forward(forward);
    const loss = backward(pass, groups.flat(), precision.lossScale, (param) => early?.ready(param))!;
    for (const reduction of reductions) reduction.finish({ expectsAll: true });
    return loss;
  }

  /**
   * Leaves the gradients of backward passes in `body` to their process, to be averaged with the next: for all but the
   * last of the batches that are accumulated.
   *
   * @param options.enabled false averages as always; default true
   */
  noBackwardSync<Result>(body: () => Result, { enabled = true }: { enabled?: boolean } = {}): Result {
    const before = this.#syncs;
    this.#syncs = before && !enabled;
    try {
      return body();
    } finally {
      this.#syncs = before;
    }
  }

  /** Runs operations in the precision outside of `backward`: a validation, a prediction. */
  autocast<Result>(body: () => Result): Result {
    return this.#running.precision.forward(body);
  }

  /**
   * Limits the gradients that an optimizer is about to use.
   *
   * @returns the norm before, with `maxNorm`
   * @throws PLError PL7007 for limits that make no sense, PL8402 where both or none is given, or the norm is not finite
   */
  clipGradients(optimizer: FabricOptimizer, options: ClipOptions): number | undefined {
    const { maxNorm, clipVal, normType = 2, errorIfNonfinite = true } = options;
    if ((maxNorm === undefined) === (clipVal === undefined)) {
      throw new PLError('PL8402', 'clipGradients wants either maxNorm or clipVal.', {
        hint: 'For example: fabric.clipGradients(optimizer, { maxNorm: 1 }).',
      });
    }
    optimizer.unscale();
    const params = paramsOf(optimizer);
    if (clipVal !== undefined) {
      clipGradValue(params, clipVal);
      return undefined;
    }
    // Under 16-mixed a step that overflowed is left out: that is no error.
    if (errorIfNonfinite && this.#running.precision.lossScale === 1) {
      const norm = totalNorm(
        params.flatMap((param) => gradOf(param) ?? []),
        normType,
      );
      if (!Number.isFinite(norm)) {
        throw new PLError('PL8402', `the norm of the gradients is ${norm}: it cannot be limited.`, {
          hint: 'Look for a loss that is not finite; or pass errorIfNonfinite: false.',
        });
      }
    }
    return clipGradNorm(params, maxNorm!, normType);
  }

  /**
   * The tensors of all processes, stacked: `[worldSize, ...shape]`; where there is one process, as they are.
   *
   * @param data a tensor, or a record or array with tensors in it, of the same shapes in all processes
   */
  allGather<Data>(data: Data): Data {
    return applyToCollection(data, tf.Tensor, (tensor) => this.strategy.allGather(tensor)) as Data;
  }

  /**
   * Numbers and tensors, reduced over all processes; in each the same bits.
   *
   * @param data a number, a tensor, or a record or array with them in it
   */
  allReduce<Data>(data: Data, { reduceOp = 'mean' }: { reduceOp?: ReduceOp } = {}): Data {
    return applyToCollection(data, [tf.Tensor, Number], (value: tf.Tensor | number) => {
      if (typeof value === 'number') {
        const values = Float64Array.of(value);
        this.strategy.reduce(values, reduceOp);
        return values[0]!;
      }
      const values = Float32Array.from(value.dataSync());
      this.strategy.reduce(values, reduceOp);
      return tf.tensor(values, value.shape, reduceOp === 'mean' ? 'float32' : value.dtype);
    }) as Data;
  }

  /** What the process `src` passed: anything that can be cloned, with tensors in it. */
  broadcast<Value>(value: Value, src = 0): Value {
    if (this.worldSize === 1) return value;
    const packed = applyToCollection(value, tf.Tensor, (tensor) => new PackedTensor(tensor));
    const sent = src === 0 ? this.strategy.broadcast(packed) : this.strategy.gatherObjects(packed)[src];
    return applyToCollection(sent, PackedTensor.isClone, PackedTensor.unpack) as Value;
  }

  /** Waits until all processes have come this far. */
  barrier(): void {
    this.strategy.barrier();
  }

  /** Runs `body` in the first process, and then in the others: to download something once. */
  async rankZeroFirst<Result>(body: () => Result | Promise<Result>): Promise<Result> {
    if (!this.isGlobalZero) this.barrier();
    const result = await body();
    if (this.isGlobalZero) this.barrier();
    return result;
  }

  /** Prints in the first process. */
  print(...values: unknown[]): void {
    if (this.isGlobalZero) console.log(...values);
  }

  /** Seeds every random number: weights, dropout, the order of data. @returns the seed */
  seedEverything(seed: number): number {
    return seedEverything(seed);
  }

  /**
   * Writes a checkpoint, in the format of the trainer's. Called in all processes; the first one writes.
   *
   * @param state models and optimizers that were set up, objects with `stateDict` and `loadStateDict` (schedulers), and
   * JSON
   * @throws PLError PL3009 for what no file can hold, PL3010 when the file cannot be written
   */
  async save(path: string, state: Readonly<Record<string, unknown>>): Promise<void> {
    await saveState(path, state, this.strategy);
  }

  /**
   * Gives models, optimizers and schedulers in `state` what a file holds for them.
   *
   * @returns everything else in the file
   * @throws PLError PL3001 to PL3011 for files that are damaged or of another model, PL7006 for optimizers, PL8403 where
   * entries are missing on either side
   */
  async load(
    path: string,
    state: Readonly<Record<string, unknown>> = {},
    { strict = true }: { strict?: boolean } = {},
  ): Promise<Record<string, unknown>> {
    return loadState(path, state, strict);
  }

  /** Gives a value to the loggers. @param step where it stands on the x-axis */
  log(name: string, value: number | tf.Scalar, step: number): void {
    this.logDict({ [name]: value }, step);
  }

  /** `log` for each entry. */
  logDict(values: Readonly<Record<string, number | tf.Scalar>>, step: number): void {
    if (this.loggers.length === 0) return;
    const numbers = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'number' ? value : value.dataSync()[0]!,
      ]),
    );
    for (const logger of this.loggers) logger.logMetrics(numbers, step);
  }

  /** Calls a method of every callback that has it, one after the other. */
  async call(method: string, ...args: unknown[]): Promise<void> {
    for (const callback of this.callbacks as Record<string, unknown>[]) {
      const own = callback[method];
      if (typeof own === 'function') await own.apply(callback, args);
    }
  }
}

function listOf<Part>(parts: Part | readonly Part[] = []): readonly Part[] {
  return Array.isArray(parts) ? parts : [parts as Part];
}
