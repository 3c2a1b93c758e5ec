import { readdir, rm } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { Hook } from '../hooks/decorators.js';
import type { LightningModule } from '../module/lightning-module.js';
import { Interruption } from '../trainer/interruption.js';
import type { Trainer } from '../trainer/trainer.js';
import { announce } from './announce.js';
import { BestCheckpoints, type BestCheckpointsState, worstScore } from './best-checkpoints.js';
import { Callback } from './callback.js';
import { replaceLink, unusedPath } from './checkpoint-files.js';
import { fillCheckpointName } from './checkpoint-name.js';
import {
  type ModelCheckpointOptions,
  type ResolvedModelCheckpointOptions,
  resolveModelCheckpointOptions,
} from './model-checkpoint-options.js';
import { judgesAtEpochEnd, notLogged } from './monitored-metric.js';

/** What a checkpoint keeps about the checkpoints before it. */
interface ModelCheckpointState extends BestCheckpointsState {
  monitor: string | null;
  dirpath: string | null;
  best_model_path: string;
  current_score: number | null;
  last_model_path: string;
}

type Metrics = Readonly<Record<string, number>>;

/**
 * Writes checkpoints: after every epoch, every n-th epoch, every n-th step or every so many seconds, and keeps the
 * newest, the best by a metric, or all of them. A file that gives way to another is removed after the other one is
 * safely on disk.
 *
 * @example
 * ```ts
 * const best = new ModelCheckpoint({ monitor: 'val_loss', saveTopK: 3, filename: '{epoch}-{val_loss:.2f}' });
 * const trainer = new Trainer({ callbacks: [best] });
 * ```
 */
export class ModelCheckpoint extends Callback {
  override readonly monitors = true;
  override readonly comesLast = true;
  /** Folder of the checkpoints: as given, and from the beginning of a run on an absolute path. */
  dirpath: string | undefined;
  /** Path of the best checkpoint, of the newest where nothing is monitored; empty before the first. */
  bestModelPath = '';
  /** Path of `last.ckpt`; empty before it is written. */
  lastModelPath = '';
  /** Score of the checkpoint that was saved last. */
  currentScore: number | undefined;
  readonly #options: ResolvedModelCheckpointOptions;
  readonly #best: BestCheckpoints;
  #lastSavedStep = 0;
  #lastSavedPath = '';
  #lastSavedTime = 0;
  /** The step after the previous batch: batches that only add up gradients leave it as it is. */
  #seenStep = 0;
  #hasValidated = false;
  /** A save by steps or time that waits for a validation to log the monitored metric. */
  #waitsForValidation = false;

  /** @throws PLError PL5050 for settings that make no sense, alone or together */
  constructor(options: ModelCheckpointOptions = {}) {
    super();
    this.#options = resolveModelCheckpointOptions(options);
    this.#best = new BestCheckpoints(this.#options.saveTopK, this.#options.mode);
    if (this.#options.dirpath !== null) this.dirpath = resolve(this.#options.dirpath);
  }

  get monitor(): string | null {
    return this.#options.monitor;
  }

  get bestModelScore(): number | undefined {
    return this.#best.bestScore;
  }

  /** Path → score of the checkpoints that are kept for their score. */
  get bestKModels(): ReadonlyMap<string, number> {
    return this.#best.scores;
  }

  /** The one of `bestKModels` that gives way to the next; empty until there are `saveTopK`. */
  get kthBestModelPath(): string {
    return this.#best.worstPath;
  }

  get kthValue(): number {
    return this.#best.worstScore;
  }

  override get stateKey(): string {
    const { monitor, mode, everyNTrainSteps, everyNEpochs, trainTimeInterval } = this.#options;
    const text = (value: string | null) => (value === null ? 'None' : `'${value}'`);
    return `ModelCheckpoint{'monitor': ${text(monitor)}, 'mode': ${text(mode)}, 'every_n_train_steps': ${everyNTrainSteps}, 'every_n_epochs': ${everyNEpochs}, 'train_time_interval': ${trainTimeInterval ?? 'None'}}`;
  }

  /**
   * The path of a checkpoint with these metrics.
   *
   * @param version number of a `-v<n>` behind the name
   */
  formatCheckpointName(metrics: Metrics, { version }: { version?: number } = {}): string {
    return this.#pathOf(this.#options.filename || '{epoch}-{step}', metrics, version);
  }

  #pathOf(template: string, metrics: Metrics, version: number | undefined): string {
    const name = fillCheckpointName(template, metrics, this.#options);
    return join(this.dirpath ?? '', `${name}${version === undefined ? '' : `-v${version}`}.ckpt`);
  }

  @Hook('setup')
  async resolveFolder(trainer: Trainer): Promise<void> {
    this.dirpath = resolve(this.dirpath ?? join(trainer.logDir, 'checkpoints'));
    if (!this.#saves(trainer) || this.#options.saveTopK === 0) return;
    const found = await readdir(this.dirpath).catch(() => []);
    if (found.length > 0) announce(`${shown(this.dirpath)} holds files of an earlier run; they stay.`);
  }

  @Hook('on_train_start')
  beginTraining(trainer: Trainer): void {
    this.#lastSavedStep = 0;
    this.#lastSavedPath = '';
    this.#lastSavedTime = performance.now();
    this.#seenStep = trainer.globalStep;
    this.#hasValidated = false;
    this.#waitsForValidation = false;
  }

  @Hook('on_train_batch_end')
  saveBySteps(
    trainer: Trainer,
    _module: LightningModule,
    _outputs: unknown,
    _batch: unknown,
    batchIdx: number,
  ): void | Promise<void> {
    const step = trainer.globalStep;
    if (step === this.#seenStep) return;
    this.#seenStep = step;
    if (!this.#isDueByStepsOrTime(trainer, step) || !this.#maySave(trainer)) return;
    this.#waitsForValidation = this.#awaitsMetric(trainer, batchIdx);
    if (!this.#waitsForValidation) return this.#saveRound(trainer, true);
  }

  #isDueByStepsOrTime(trainer: Trainer, step: number): boolean {
    const { everyNTrainSteps, trainTimeInterval } = this.#options;
    if (trainTimeInterval === null) return everyNTrainSteps > 0 && step % everyNTrainSteps === 0;
    const now = performance.now();
    // The clock of one process decides for all.
    const isDue = trainer.strategy.broadcast(now - this.#lastSavedTime >= trainTimeInterval * 1000);
    if (isDue) this.#lastSavedTime = now;
    return isDue;
  }

  /** Whether the monitored metric comes, or comes anew, with a validation that is still to run. */
  #awaitsMetric(trainer: Trainer, batchIdx: number): boolean {
    const { monitor } = this.#options;
    if (monitor === null || !trainer.validates) return false;
    if (!(monitor in trainer.callbackMetrics)) return !this.#hasValidated;
    if (this.#savesAtEpochEnd(trainer) || batchIdx + 1 < trainer.numTrainingBatches) return false;
    return (trainer.currentEpoch + 1) % (trainer.config.checkValEveryNEpoch ?? 1) === 0;
  }

  @Hook('on_validation_end')
  async saveByValidation(trainer: Trainer): Promise<void> {
    if (trainer.state.fn !== 'fit' || trainer.sanityChecking) return;
    this.#hasValidated = true;
    if (this.#waitsForValidation && this.#maySave(trainer)) {
      this.#waitsForValidation = false;
      await this.#saveRound(trainer, true);
    } else if (!this.#savesAtEpochEnd(trainer)) {
      await this.#saveByEpochs(trainer);
    }
  }

  @Hook('on_train_epoch_end')
  async saveByEpoch(trainer: Trainer): Promise<void> {
    if (this.#savesAtEpochEnd(trainer)) await this.#saveByEpochs(trainer);
  }

  async #saveByEpochs(trainer: Trainer): Promise<void> {
    const { everyNEpochs } = this.#options;
    const isDue = everyNEpochs > 0 && (trainer.currentEpoch + 1) % everyNEpochs === 0;
    if (isDue && this.#maySave(trainer)) await this.#saveRound(trainer, false);
  }

  @Hook('on_train_end')
  async saveAtEnd(trainer: Trainer): Promise<void> {
    if (this.#lastSavedPath === '' && this.#saves(trainer)) await this.#saveLast(trainer);
  }

  @Hook('on_exception')
  async saveAfterError(trainer: Trainer, _module: LightningModule, error: unknown): Promise<void> {
    if (!this.#options.saveOnException || error instanceof Interruption || !this.#maySave(trainer)) return;
    // The others may be gone: the first process writes what it has.
    if (!trainer.isGlobalZero) return;
    if (!trainer.strategy.holdsWholeState) {
      announce(
        'No checkpoint of the exception: parts of the state of the optimizer are with other processes.',
      );
      return;
    }
    await this.#save(trainer, this.#freePath(trainer, candidates(trainer)));
    await this.#saveLast(trainer);
  }

  @Hook('state_dict')
  state(): Record<string, unknown> {
    return {
      monitor: this.monitor,
      dirpath: this.dirpath ?? null,
      best_model_path: this.bestModelPath,
      current_score: this.currentScore ?? null,
      last_model_path: this.lastModelPath,
      ...this.#best.state(),
    } satisfies ModelCheckpointState;
  }

  @Hook('load_state_dict')
  loadState(saved: Record<string, unknown>): void {
    const state = saved as unknown as ModelCheckpointState;
    this.bestModelPath = state.best_model_path;
    if (state.dirpath !== this.dirpath) return;
    this.currentScore = state.current_score ?? undefined;
    this.lastModelPath = state.last_model_path;
    this.#best.loadState(state);
  }

  #saves(trainer: Trainer): boolean {
    return trainer.state.fn === 'fit' && trainer.config.fastDevRun === false;
  }

  #maySave(trainer: Trainer): boolean {
    return this.#saves(trainer) && !trainer.sanityChecking && trainer.globalStep !== this.#lastSavedStep;
  }

  #savesAtEpochEnd(trainer: Trainer): boolean {
    return this.#options.saveOnTrainEpochEnd ?? judgesAtEpochEnd(trainer);
  }

  /** Saves what is worth it, and removes what gave way when everything new is on disk. */
  async #saveRound(trainer: Trainer, alwaysLast: boolean): Promise<void> {
    const outdated = [await this.#saveBest(trainer)];
    if (alwaysLast || this.#lastSavedStep === trainer.globalStep) {
      outdated.push(await this.#saveLast(trainer));
    }
    for (const path of trainer.isGlobalZero ? outdated : []) {
      if (path !== undefined) await rm(path, { force: true });
    }
  }

  /** @returns the path of what gave way */
  async #saveBest(trainer: Trainer): Promise<string | undefined> {
    const { monitor, saveTopK, mode, verbose } = this.#options;
    if (saveTopK === 0) return undefined;
    const metrics = candidates(trainer);
    if (monitor === null) return this.#saveNewest(trainer, metrics);
    const logged = metrics[monitor];
    if (logged === undefined) {
      if (trainer.validates && !this.#hasValidated) return undefined;
      throw notLogged('ModelCheckpoint', monitor, trainer);
    }
    if (!this.#best.accepts(logged)) {
      if (verbose) announce(`${monitor} = ${logged} is not among the ${saveTopK} best: not saved`);
      return undefined;
    }
    const score = Number.isNaN(logged) ? worstScore(mode) : logged;
    const displaced = this.#best.makeRoom();
    const path = this.#freePath(trainer, metrics, displaced);
    this.currentScore = score;
    this.#best.add(path, score);
    this.bestModelPath = this.#best.bestPath;
    await this.#save(trainer, path);
    if (verbose) announce(`${monitor} = ${logged}: saved ${shown(path)}`);
    return this.#outdated(trainer, displaced, path);
  }

  async #saveNewest(trainer: Trainer, metrics: Metrics): Promise<string | undefined> {
    const previous = this.bestModelPath;
    const path = this.#freePath(trainer, metrics, previous);
    this.bestModelPath = path;
    await this.#save(trainer, path);
    if (this.#options.verbose) announce(`saved ${shown(path)}`);
    return this.#options.saveTopK === 1 ? this.#outdated(trainer, previous, path) : undefined;
  }

  async #saveLast(trainer: Trainer): Promise<string | undefined> {
    const { saveLast, saveTopK } = this.#options;
    if (!saveLast) return undefined;
    const previous = this.lastModelPath;
    const path = this.#unused(trainer, (version) => this.#pathOf('last', {}, version), previous);
    this.lastModelPath = path;
    const links = saveLast === 'link' && saveTopK !== 0 && this.#lastSavedPath !== '';
    if (links && trainer.isGlobalZero) await replaceLink(this.#lastSavedPath, path);
    if (!links) await this.#save(trainer, path);
    return this.#outdated(trainer, previous, path);
  }

  async #save(trainer: Trainer, path: string): Promise<void> {
    await trainer.saveCheckpoint(path, { weightsOnly: this.#options.saveWeightsOnly });
    this.#lastSavedStep = trainer.globalStep;
    this.#lastSavedPath = path;
    for (const logger of trainer.loggers) logger.afterSaveCheckpoint?.(this);
  }

  #freePath(trainer: Trainer, metrics: Metrics, displaced?: string): string {
    return this.#unused(
      trainer,
      (version) => this.formatCheckpointName(metrics, version === undefined ? {} : { version }),
      displaced,
    );
  }

  #unused(trainer: Trainer, pathOf: (version?: number) => string, displaced?: string): string {
    if (!this.#options.enableVersionCounter) return pathOf();
    // The process that writes is the one to look.
    return trainer.strategy.broadcast(trainer.isGlobalZero ? unusedPath(pathOf, displaced) : '');
  }

  /** `path` where it may be removed: not what the run started from, nor files outside of this run's folder. */
  #outdated(trainer: Trainer, path: string | undefined, successor: string): string | undefined {
    if (!path || path === successor || !path.startsWith(this.dirpath! + sep)) return undefined;
    const { ckptPath } = trainer;
    return ckptPath !== undefined && resolve(ckptPath) === path ? undefined : path;
  }
}

/** What file names and scores are made of. */
const candidates = (trainer: Trainer): Metrics =>
  trainer.strategy.broadcast({
    epoch: trainer.currentEpoch,
    step: trainer.globalStep,
    ...trainer.callbackMetrics,
  });

const shown = (path: string) => relative('', path) || basename(path);
