/**
 * Base class of callbacks: code that follows a training run from outside the model. Methods become hooks through
 * `@Hook`, with the trainer and the module as first arguments.
 *
 * @example
 * ```ts
 * class Report extends Callback {
 *   @Hook('on_train_epoch_end')
 *   report(trainer: Trainer) { console.log(trainer.callbackMetrics); }
 * }
 * ```
 */
export abstract class Callback {
  /** Names this callback's state in a checkpoint; two callbacks of one class need different keys to both keep state. */
  get stateKey(): string {
    return this.constructor.name;
  }

  /**
   * True for callbacks that judge what others logged (early stopping, checkpointing): their `on_train_epoch_end`
   * comes after the module's.
   */
  readonly monitors: boolean = false;

  /** True for callbacks that write down what the others have come to: all their hooks come after those of the others. */
  readonly comesLast: boolean = false;
}
