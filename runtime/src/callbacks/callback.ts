import type { LogOptions, LogValue } from '../loops/log-options.js';
import type { LightningModule } from '../module/lightning-module.js';

/** The modules that callbacks follow: set by the trainer. */
const modules = new WeakMap<Callback, LightningModule>();

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

  /** True for callbacks that only show or write: of several processes, the first has them. */
  readonly rankZeroOnly: boolean = false;

  /** As the module's `log`: a metric of the callback's own. Records nothing before the first run. */
  log(name: string, value: LogValue, options?: LogOptions): void {
    modules.get(this)?.log(name, value, options);
  }

  /** As the module's `logDict`. */
  logDict(values: Readonly<Record<string, LogValue>>, options?: LogOptions): void {
    modules.get(this)?.logDict(values, options);
  }
}

/** From here on a callback's `log` records for this module. */
export function follow(callback: Callback, module: LightningModule): void {
  modules.set(callback, module);
}
