import { PLError } from '../errors/pl-error.js';
import { Hook } from '../hooks/decorators.js';
import type { MetricName } from '../module/metric-names.js';
import type { Trainer } from '../trainer/trainer.js';
import { announce } from './announce.js';
import { isBetter, type MonitorMode, worstScore } from './best-checkpoints.js';
import { Callback } from './callback.js';
import { judgesAtEpochEnd, notLogged } from './monitored-metric.js';

export interface EarlyStoppingOptions {
  /** The metric that decides. */
  monitor: MetricName;
  /** An improvement has to be larger than this. Default 0. */
  minDelta?: number;
  /** Checks without improvement after which training stops. Default 3. */
  patience?: number;
  /** Whether a smaller or a larger value of the metric is better. Default 'min'. */
  mode?: MonitorMode;
  /** Whether a metric that was not logged is an error. Default true. */
  strict?: boolean;
  /** Stops when the metric is NaN or infinite. Default true. */
  checkFinite?: boolean;
  /** Stops when the metric is better than this. */
  stoppingThreshold?: number | null;
  /** Stops when the metric is worse than this. */
  divergenceThreshold?: number | null;
  /**
   * Checks at the end of training epochs (true) or of validations (false). By default at the end of epochs, unless
   * validation comes more or less often than once at the end of each.
   */
  checkOnTrainEpochEnd?: boolean | null;
  /** Also tells of every improvement. Default false. */
  verbose?: boolean;
}

/** Why training was stopped, as checkpoints keep it. */
const reasons = { none: 0, stoppingThreshold: 1, divergenceThreshold: 2, patience: 3, notFinite: 4 } as const;

export type StoppingReason = keyof typeof reasons;

interface EarlyStoppingState {
  wait_count: number;
  stopped_epoch: number;
  best_score: number;
  patience: number;
  stopping_reason: number;
  stopping_reason_message: string | null;
}

/**
 * Ends training when a metric no longer improves. Compares in float32, as the metric was measured.
 *
 * @example
 * ```ts
 * new Trainer({ callbacks: [new EarlyStopping({ monitor: 'val_loss', patience: 5 })] });
 * ```
 */
export class EarlyStopping extends Callback {
  override readonly monitors = true;
  readonly monitor: string;
  readonly mode: MonitorMode;
  patience: number;
  bestScore: number;
  /** Checks since the last improvement. */
  waitCount = 0;
  /** The epoch in which training was stopped, 0 if it was not. */
  stoppedEpoch = 0;
  stoppingReason: StoppingReason = 'none';
  stoppingReasonMessage: string | null = null;
  readonly #options: Required<EarlyStoppingOptions>;

  /** @throws PLError PL5053 for settings that make no sense */
  constructor(options: EarlyStoppingOptions) {
    super();
    this.#options = {
      ...{ minDelta: 0, patience: 3, mode: 'min', strict: true, checkFinite: true, verbose: false },
      ...{ stoppingThreshold: null, divergenceThreshold: null, checkOnTrainEpochEnd: null },
      ...options,
    };
    const { monitor, mode, patience, minDelta } = this.#options;
    if (!monitor) throw wrong('monitor', monitor, 'the name of a metric');
    if (mode !== 'min' && mode !== 'max') throw wrong('mode', mode, "'min' or 'max'");
    if (!Number.isInteger(patience) || patience < 0)
      throw wrong('patience', patience, 'a whole number from 0');
    if (!Number.isFinite(minDelta)) throw wrong('minDelta', minDelta, 'a number');
    this.monitor = monitor;
    this.mode = mode;
    this.patience = patience;
    this.bestScore = worstScore(mode);
  }

  override get stateKey(): string {
    return `EarlyStopping{'monitor': '${this.monitor}', 'mode': '${this.mode}'}`;
  }

  @Hook('on_train_epoch_end')
  checkEpoch(trainer: Trainer): void {
    if (this.#checksEpochs(trainer)) this.#check(trainer);
  }

  @Hook('on_validation_end')
  checkValidation(trainer: Trainer): void {
    if (!this.#checksEpochs(trainer)) this.#check(trainer);
  }

  #checksEpochs(trainer: Trainer): boolean {
    return this.#options.checkOnTrainEpochEnd ?? judgesAtEpochEnd(trainer);
  }

  #check(trainer: Trainer): void {
    if (trainer.state.fn !== 'fit' || trainer.sanityChecking || trainer.config.fastDevRun !== false) return;
    const current = trainer.callbackMetrics[this.monitor];
    if (current === undefined) {
      if (this.#options.strict) throw notLogged('EarlyStopping', this.monitor, trainer);
      return;
    }
    const stop = this.#judge(Math.fround(current));
    if (stop === undefined) return;
    const [reason, message] = stop;
    if (!trainer.shouldStop) announce(`Stopping early: ${message}`);
    this.stoppingReason = reason;
    this.stoppingReasonMessage = message;
    this.stoppedEpoch = trainer.currentEpoch;
    trainer.shouldStop = true;
  }

  #judge(current: number): [StoppingReason, string] | undefined {
    const { monitor, mode, bestScore: best } = this;
    const { checkFinite, stoppingThreshold, divergenceThreshold, minDelta, verbose } = this.#options;
    if (checkFinite && !Number.isFinite(current)) {
      return ['notFinite', `${monitor} is ${current}; its best value was ${shown(best)}.`];
    }
    if (stoppingThreshold !== null && isBetter(mode, current, Math.fround(stoppingThreshold))) {
      return [
        'stoppingThreshold',
        `${monitor} = ${shown(current)} is better than the threshold ${stoppingThreshold}.`,
      ];
    }
    if (divergenceThreshold !== null && isBetter(mode, Math.fround(divergenceThreshold), current)) {
      return [
        'divergenceThreshold',
        `${monitor} = ${shown(current)} is worse than the limit ${divergenceThreshold}.`,
      ];
    }
    const handicapped = Math.fround(current + Math.fround(mode === 'min' ? minDelta : -minDelta));
    if (isBetter(mode, handicapped, best)) {
      this.bestScore = current;
      this.waitCount = 0;
      if (verbose) announce(`${monitor} improved from ${shown(best)} to ${shown(current)}.`);
      return undefined;
    }
    this.waitCount++;
    if (this.waitCount < this.patience) return undefined;
    return [
      'patience',
      `${monitor} did not improve in ${this.waitCount} checks; its best value was ${shown(best)}.`,
    ];
  }

  @Hook('state_dict')
  state(): Record<string, unknown> {
    return {
      wait_count: this.waitCount,
      stopped_epoch: this.stoppedEpoch,
      best_score: this.bestScore,
      patience: this.patience,
      stopping_reason: reasons[this.stoppingReason],
      stopping_reason_message: this.stoppingReasonMessage,
    } satisfies EarlyStoppingState;
  }

  @Hook('load_state_dict')
  loadState(saved: Record<string, unknown>): void {
    const state = saved as unknown as EarlyStoppingState;
    this.waitCount = state.wait_count;
    this.stoppedEpoch = state.stopped_epoch;
    this.bestScore = state.best_score;
    this.patience = state.patience;
  }
}

const shown = (value: number) => Number(value.toPrecision(4));

const wrong = (name: keyof EarlyStoppingOptions, got: unknown, wanted: string) =>
  new PLError(
    'PL5053',
    `EarlyStopping's ${name} is ${typeof got === 'number' ? got : JSON.stringify(got)}; wanted ${wanted}.`,
  );
