import { didYouMean } from '../config/suggest.js';
import { PLError } from '../errors/pl-error.js';
import { barebonesSettings, resolveTrainerConfig, type TrainerOptions, trainerSettings } from './options.js';
import { trainerProblems } from './validate-options.js';

/** Refuses options that the trainer does not have, and such as make no sense. @throws PLError PL5012 */
export function checkOptions(options: unknown): asserts options is TrainerOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new PLError('PL5012', `Trainer got ${JSON.stringify(options)}, wanted a record of settings.`, {
      hint: 'For example: new Trainer({ maxEpochs: 5 }).',
    });
  }
  const known = [...trainerSettings, 'callbacks', 'logger'];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new PLError('PL5012', `Trainer has no setting '${unknown}'.${didYouMean(unknown, known)}`);
  }
  for (const problem of optionProblems(options)) throw problem;
}

/** What makes no sense in options that the trainer has, alone or together. */
export function* optionProblems(options: TrainerOptions): Generator<PLError, void> {
  if (options.barebones === true) yield* barebonesProblems(options);
  yield* trainerProblems(resolveTrainerConfig(options));
}

/** Options that `barebones` leaves nothing of. */
function* barebonesProblems(options: TrainerOptions): Generator<PLError, void> {
  const off = { ...barebonesSettings, logger: false };
  for (const name of Object.keys(off) as (keyof typeof off)[]) {
    const value = options[name];
    if (value === undefined || value === off[name] || value === null) continue;
    const shown = typeof value === 'object' ? 'given' : JSON.stringify(value);
    yield new PLError('PL5012', `trainer.barebones is true, but trainer.${name} is ${shown}.`, {
      hint: `Barebones runs have nothing that costs time: leave ${name} out, or set it to ${off[name]}.`,
    });
  }
}
