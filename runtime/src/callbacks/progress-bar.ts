import pc from 'picocolors';
import { PLError } from '../errors/pl-error.js';
import { Hook } from '../hooks/decorators.js';
import { StoppingRule } from '../loops/stopping-rule.js';
import type { LightningModule } from '../module/lightning-module.js';
import type { Trainer } from '../trainer/trainer.js';
import { type BarState, barLine, plainLine, type Segment } from './bar-text.js';
import { Callback } from './callback.js';
import { LiveLine, type TextStream } from './live-line.js';
import { PassClock } from './pass-clock.js';

export interface ProgressBarOptions {
  /** Where the bar goes. Default stderr, so that stdout has results only. */
  stream?: TextStream;
  /** Redraws per second at most. Default 10. */
  refreshRate?: number;
}

/** What a label says of a stage. */
const stageNames = {
  train: 'Training',
  sanity_check: 'Sanity check',
  validate: 'Validation',
  test: 'Test',
  predict: 'Prediction',
} as const;

/**
 * Shows how far a run is. In a terminal: one line that is rewritten in place, of which every epoch leaves its last
 * state behind. Anywhere else: one plain line an epoch, and one for each `validate`, `test` and `predict`.
 */
export class ProgressBar extends Callback {
  override readonly rankZeroOnly = true;
  readonly #stream: TextStream;
  readonly #line: LiveLine | undefined;
  readonly #interval: number;
  readonly #colors: ReturnType<typeof pc.createColors>;
  #training: PassClock | undefined;
  #evaluation: PassClock | undefined;
  #trainingBegan = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @throws PLError PL5055 for a refresh rate that is not above 0 */
  constructor({ stream = process.stderr, refreshRate = 10 }: ProgressBarOptions = {}) {
    super();
    if (!(refreshRate > 0)) {
      throw new PLError(
        'PL5055',
        `the progress bar's refreshRate is ${refreshRate}; wanted a number above 0.`,
      );
    }
    const isLive = stream.isTTY === true && process.env.TERM !== 'dumb';
    const isStandard = stream === process.stderr || stream === process.stdout;
    this.#stream = stream;
    this.#line = isLive
      ? new LiveLine(stream, isStandard ? [process.stdout, process.stderr] : [])
      : undefined;
    this.#interval = 1000 / refreshRate;
    this.#colors = pc.createColors(isLive && !process.env.NO_COLOR);
  }

  @Hook('on_train_start')
  beginTraining(): void {
    this.#trainingBegan = performance.now();
  }

  @Hook('on_train_epoch_start')
  beginEpoch(trainer: Trainer): void {
    this.#training = new PassClock(epochLabel(trainer), trainer.numTrainingBatches);
    this.#draw(this.#training, trainer);
  }

  @Hook('on_train_batch_end')
  trainBatchDone(
    trainer: Trainer,
    _module: LightningModule,
    _outputs: unknown,
    _batch: unknown,
    batchIdx: number,
  ): void {
    // An epoch that is resumed in its middle has no beginning.
    this.#training ??= new PassClock(
      epochLabel(trainer),
      trainer.numTrainingBatches,
      batchIdx,
      this.#trainingBegan,
    );
    this.#training.done = batchIdx + 1;
    if (this.#line !== undefined) this.#drawInTime(this.#training, trainer);
  }

  @Hook('on_train_epoch_end')
  endEpoch(trainer: Trainer): void {
    if (this.#training !== undefined) this.#keep(this.#training, trainer.progressBarMetrics);
    this.#training = undefined;
  }

  @Hook('on_validation_start')
  @Hook('on_test_start')
  @Hook('on_predict_start')
  beginEvaluation(trainer: Trainer): void {
    const { fn, stage } = trainer.state;
    const name = stageNames[stage ?? 'validate'];
    const label = this.#training === undefined ? name : `${this.#training.label} ${name.toLowerCase()}`;
    const total = trainer.numEvaluationBatches.reduce((sum, count) => sum + count, 0);
    this.#evaluation = new PassClock(fn === 'fit' ? label : name, total);
    this.#draw(this.#evaluation, trainer);
  }

  @Hook('on_validation_batch_end')
  @Hook('on_test_batch_end')
  @Hook('on_predict_batch_end')
  evaluationBatchDone(trainer: Trainer): void {
    if (this.#evaluation === undefined) return;
    this.#evaluation.done++;
    if (this.#line !== undefined) this.#drawInTime(this.#evaluation, trainer);
  }

  @Hook('on_validation_end')
  @Hook('on_test_end')
  @Hook('on_predict_end')
  endEvaluation(trainer: Trainer): void {
    const evaluation = this.#evaluation;
    this.#evaluation = undefined;
    if (evaluation === undefined) return;
    if (trainer.state.fn !== 'fit') this.#keep(evaluation, trainer.callbackMetrics);
    else if (this.#training === undefined) this.#line?.erase();
    else {
      this.#training.skip();
      this.#draw(this.#training, trainer);
    }
  }

  @Hook('on_exception')
  @Hook('teardown')
  leave(trainer: Trainer): void {
    const running = this.#evaluation ?? this.#training;
    if (running !== undefined) this.#draw(running, trainer);
    this.#training = undefined;
    this.#evaluation = undefined;
    this.#line?.end();
  }

  #drawInTime(pass: PassClock, trainer: Trainer): void {
    if (performance.now() - this.#drawnAt >= this.#interval) this.#draw(pass, trainer);
  }

  #draw(pass: PassClock, trainer: Trainer): void {
    if (this.#line === undefined) return;
    this.#drawnAt = performance.now();
    // A pseudo-terminal that nobody gave a size has 0 columns.
    const columns = (this.#stream.columns || 80) - 1;
    this.#line.draw(this.#render(barLine(pass.state(trainer.progressBarMetrics), columns)));
  }

  #keep(pass: PassClock, metrics: BarState['metrics']): void {
    const state = pass.result(metrics);
    if (this.#line === undefined) this.#stream.write(`${plainLine(state)}\n`);
    else this.#line.keep(this.#render(barLine(state, Number.POSITIVE_INFINITY)));
  }

  #render(line: readonly Segment[]): string {
    return line
      .map(({ text, style }) => (style === undefined || text === '' ? text : this.#colors[style](text)))
      .join('');
  }
}

function epochLabel({ currentEpoch, config }: Trainer): string {
  const { maxEpochs } = new StoppingRule(config);
  return `Epoch ${currentEpoch + 1}${Number.isFinite(maxEpochs) ? `/${maxEpochs}` : ''}`;
}
