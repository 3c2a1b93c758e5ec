import { PLError } from '../errors/pl-error.js';
import { Hook } from '../hooks/decorators.js';
import { parseDuration } from '../trainer/duration.js';
import type { Duration } from '../trainer/options.js';
import type { Trainer } from '../trainer/trainer.js';
import { announce } from './announce.js';
import { Callback } from './callback.js';

export interface TimerOptions {
  /** Training ends when it has taken this long, in all runs that were resumed from each other. By default never. */
  duration?: Duration | null;
  /** Looks at the clock after every batch (`'step'`, the default) or at the end of epochs only. */
  interval?: 'step' | 'epoch';
  /** Says when the time is up. Default true. */
  verbose?: boolean;
}

type TimedStage = 'train' | 'validate' | 'test';

interface Span {
  start: number;
  end?: number;
}

/**
 * Measures how long training, validation and test take, and ends training after a given time. The running batch is
 * finished, and `minEpochs` and `minSteps` are met first.
 *
 * @example
 * ```ts
 * const timer = new Timer({ duration: '00:12:00:00' });
 * await new Trainer({ callbacks: [timer] }).fit(model);
 * console.log(timer.timeElapsed());
 * ```
 */
export class Timer extends Callback {
  /** Seconds; undefined without limit. */
  readonly duration: number | undefined;
  readonly #interval: 'step' | 'epoch';
  readonly #verbose: boolean;
  readonly #spans = new Map<TimedStage, Span>();
  /** Seconds of training before a resume. */
  #before = 0;

  /** @throws PLError PL5056 for settings that it cannot have */
  constructor({ duration = null, interval = 'step', verbose = true }: TimerOptions = {}) {
    super();
    if (duration !== null) {
      this.duration = parseDuration(duration);
      if (this.duration === undefined) {
        throw new PLError(
          'PL5056',
          `Timer's duration is ${JSON.stringify(duration)}; wanted DD:HH:MM:SS, or a record of days, hours, minutes and seconds.`,
          { hint: "One hour is '00:01:00:00', or { hours: 1 }." },
        );
      }
    }
    if (interval !== 'step' && interval !== 'epoch') {
      throw new PLError(
        'PL5056',
        `Timer's interval is ${JSON.stringify(interval)}; wanted 'step' or 'epoch'.`,
      );
    }
    this.#interval = interval;
    this.#verbose = verbose;
  }

  /** When the stage of this run began, in milliseconds since 1970. */
  startTime(stage: TimedStage = 'train'): number | undefined {
    return atTime(this.#spans.get(stage)?.start);
  }

  /** When the stage of this run ended, in milliseconds since 1970. */
  endTime(stage: TimedStage = 'train'): number | undefined {
    return atTime(this.#spans.get(stage)?.end);
  }

  /** Seconds that the stage has taken; those of training include the runs that this one was resumed from. */
  timeElapsed(stage: TimedStage = 'train'): number {
    const span = this.#spans.get(stage);
    const seconds = span === undefined ? 0 : ((span.end ?? performance.now()) - span.start) / 1000;
    return stage === 'train' ? seconds + this.#before : seconds;
  }

  /** Seconds until the time is up; undefined without limit. */
  timeRemaining(stage: TimedStage = 'train'): number | undefined {
    return this.duration === undefined ? undefined : this.duration - this.timeElapsed(stage);
  }

  /** A run may be resumed whose time was up already. */
  @Hook('on_fit_start')
  checkBefore(trainer: Trainer): void {
    this.#check(trainer);
  }

  @Hook('on_train_start')
  startTraining(): void {
    this.#start('train');
  }

  @Hook('on_train_batch_end')
  checkBatch(trainer: Trainer): void {
    if (this.#interval === 'step') this.#check(trainer);
  }

  @Hook('on_train_epoch_end')
  checkEpoch(trainer: Trainer): void {
    if (this.#interval === 'epoch') this.#check(trainer);
  }

  @Hook('on_train_end')
  endTraining(): void {
    this.#end('train');
  }

  @Hook('on_validation_start')
  startValidation(): void {
    this.#start('validate');
  }

  @Hook('on_validation_end')
  endValidation(): void {
    this.#end('validate');
  }

  @Hook('on_test_start')
  startTest(): void {
    this.#start('test');
  }

  @Hook('on_test_end')
  endTest(): void {
    this.#end('test');
  }

  @Hook('state_dict')
  state(): Record<string, unknown> {
    const stages = ['train', 'validate', 'test'] as const;
    return { time_elapsed: Object.fromEntries(stages.map((stage) => [stage, this.timeElapsed(stage)])) };
  }

  @Hook('load_state_dict')
  loadState(state: Record<string, unknown>): void {
    this.#spans.clear();
    this.#before = (state as { time_elapsed: Record<TimedStage, number> }).time_elapsed.train;
  }

  #start(stage: TimedStage): void {
    this.#spans.set(stage, { start: performance.now() });
  }

  #end(stage: TimedStage): void {
    const span = this.#spans.get(stage);
    if (span !== undefined) span.end = performance.now();
  }

  #check(trainer: Trainer): void {
    if (this.duration === undefined || this.timeElapsed() < this.duration) return;
    if (this.#verbose && !trainer.shouldStop) {
      announce(`Stopping: the time to train is up, ${this.duration} s.`);
    }
    trainer.shouldStop = true;
  }
}

function atTime(moment: number | undefined): number | undefined {
  return moment === undefined ? undefined : performance.timeOrigin + moment;
}
