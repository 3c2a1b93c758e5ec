import type { Callback } from '../callbacks/callback.js';
import { EarlyStopping } from '../callbacks/early-stopping.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { ProgressBar } from '../callbacks/progress-bar.js';
import type { DataLoader } from '../data/data-loader.js';
import type { Logger } from '../loggers/logger.js';
import { StoppingRule } from '../loops/stopping-rule.js';
import type { Strategy } from '../strategies/strategy.js';
import type { ResolvedTrainerConfig } from './options.js';
import type { RunningStage, TrainerState } from './state.js';

/** One pass over the data of validation, test or prediction. */
export interface EvaluationPass {
  readonly loaders: readonly DataLoader<unknown>[];
  /** How many batches of each data loader it uses; Infinity for data without length. */
  readonly batches: readonly number[];
}

const none: EvaluationPass = { loaders: [], batches: [] };

/** What follows from a trainer's settings, its callbacks and its state. */
export abstract class RunView {
  abstract readonly config: ResolvedTrainerConfig;
  abstract readonly callbacks: readonly Callback[];
  abstract readonly loggers: readonly Logger[];
  abstract readonly state: TrainerState;
  abstract readonly strategy: Strategy;
  /** The log folder of the process that writes, where that is another. */
  protected sharedLogDir: string | undefined;
  readonly #passes = new Map<RunningStage, EvaluationPass>();
  #lastPass = none;

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

  /** Whether this is the process that writes files and shows progress. */
  get isGlobalZero(): boolean {
    return this.strategy.isGlobalZero;
  }

  /** Epochs to train for; Infinity without limit. */
  get maxEpochs(): number {
    return new StoppingRule(this.config).maxEpochs;
  }

  /** Optimizer steps to train for; Infinity without limit. */
  get maxSteps(): number {
    return new StoppingRule(this.config).maxSteps;
  }

  get training(): boolean {
    return this.state.stage === 'train';
  }

  get sanityChecking(): boolean {
    return this.state.stage === 'sanity_check';
  }

  get validating(): boolean {
    return this.state.stage === 'validate';
  }

  get testing(): boolean {
    return this.state.stage === 'test';
  }

  get predicting(): boolean {
    return this.state.stage === 'predict';
  }

  /** Whether metrics are measured: in validation, test and the check before training. */
  get evaluating(): boolean {
    return this.validating || this.testing || this.sanityChecking;
  }

  /** Whether the last call ended with an error or was interrupted. */
  get interrupted(): boolean {
    return this.state.status === 'interrupted';
  }

  get logger(): Logger | undefined {
    return this.loggers[0];
  }

  /** Folder of this run's files: the first logger's, or the root folder without one. */
  get logDir(): string {
    return this.sharedLogDir ?? this.logger?.logDir ?? this.config.defaultRootDir;
  }

  /** The first callback that writes checkpoints, if there is one. */
  get checkpointCallback(): ModelCheckpoint | undefined {
    return this.checkpointCallbacks[0];
  }

  get checkpointCallbacks(): readonly ModelCheckpoint[] {
    return this.callbacks.filter((callback) => callback instanceof ModelCheckpoint);
  }

  get earlyStoppingCallback(): EarlyStopping | undefined {
    return this.earlyStoppingCallbacks[0];
  }

  get earlyStoppingCallbacks(): readonly EarlyStopping[] {
    return this.callbacks.filter((callback) => callback instanceof EarlyStopping);
  }

  get progressBarCallback(): ProgressBar | undefined {
    return this.callbacks.find((callback) => callback instanceof ProgressBar);
  }

  /** Batches of the running or last evaluation, per data loader; Infinity for data without length. */
  get numEvaluationBatches(): readonly number[] {
    return this.#lastPass.batches;
  }

  get numSanityValBatches(): readonly number[] {
    return this.#pass('sanity_check').batches;
  }

  get numValBatches(): readonly number[] {
    return this.#pass('validate').batches;
  }

  get numTestBatches(): readonly number[] {
    return this.#pass('test').batches;
  }

  get numPredictBatches(): readonly number[] {
    return this.#pass('predict').batches;
  }

  get valDataloaders(): readonly DataLoader<unknown>[] {
    return (this.#passes.get('validate') ?? this.#pass('sanity_check')).loaders;
  }

  get testDataloaders(): readonly DataLoader<unknown>[] {
    return this.#pass('test').loaders;
  }

  get predictDataloaders(): readonly DataLoader<unknown>[] {
    return this.#pass('predict').loaders;
  }

  /** Notes what the running stage evaluates. */
  beginPass(pass: EvaluationPass): void {
    this.#lastPass = pass;
    if (this.state.stage !== null) this.#passes.set(this.state.stage, pass);
  }

  #pass(stage: RunningStage): EvaluationPass {
    return this.#passes.get(stage) ?? none;
  }
}
