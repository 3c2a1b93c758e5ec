import { PLError } from '../errors/pl-error.js';
import type { Trainer } from '../trainer/trainer.js';

/**
 * Whether a callback that judges metrics does so at the end of training epochs, rather than of validations: where
 * validation comes once at the end of every epoch, or never.
 */
export function judgesAtEpochEnd({ config, validates }: Trainer): boolean {
  return (config.checkValEveryNEpoch === 1 && config.valCheckInterval === null) || !validates;
}

/** The error of a callback that judges by a metric that nobody logged. */
export function notLogged(callback: string, monitor: string, trainer: Trainer): PLError {
  const logged = Object.keys(trainer.callbackMetrics);
  return new PLError('PL5052', `${callback} monitors '${monitor}', which was not logged.`, {
    hint:
      logged.length === 0
        ? `No metric was logged at all: call this.log('${monitor}', …) in a step.`
        : `Logged were: ${logged.join(', ')}. Monitor one of them, or log '${monitor}'.`,
  });
}
