import { PLError } from '../errors/pl-error.js';
import type { TrainerConfig } from './options.js';

/** Callbacks that the trainer adds itself unless a setting says no, and that setting. */
const switches = { ModelCheckpoint: 'enableCheckpointing', ProgressBar: 'enableProgressBar' } as const;

export type SwitchedCallback = keyof typeof switches;

/** The kinds of callbacks that settings turn off. */
export const switchedCallbacks = Object.keys(switches) as SwitchedCallback[];

/** What makes no sense in callbacks of these kinds, together or with the settings. */
export function* callbackProblems(
  given: readonly SwitchedCallback[],
  config: TrainerConfig,
): Generator<PLError, void> {
  for (const kind of switchedCallbacks) {
    const setting = switches[kind];
    if (!given.includes(kind) || (config[setting] !== false && config.barebones !== true)) continue;
    const why = config.barebones === true ? 'barebones is true' : `${setting} is false`;
    yield new PLError('PL5031', `trainer.${why}, but there is a ${kind} in trainer.callbacks.`, {
      hint: 'Leave out the setting or the callback.',
    });
  }
  if (given.filter((kind) => kind === 'ProgressBar').length > 1) {
    yield new PLError('PL5031', 'trainer.callbacks has two progress bars; a run has one.', {
      hint: 'Keep one of them.',
    });
  }
}

/** Settings of the group `checkpoint`, by path, beside a ModelCheckpoint that the program made itself. */
export function* overriddenCheckpointProblems(
  given: readonly SwitchedCallback[],
  settings: readonly string[],
): Generator<PLError, void> {
  if (settings.length === 0 || !given.includes('ModelCheckpoint')) return;
  yield new PLError(
    'PL2013',
    `${settings.join(', ')} would have no effect: there is a ModelCheckpoint in trainer.callbacks.`,
    { hint: 'Remove the settings, or the callback from the program.' },
  );
}
