import { Callback } from '../callbacks/callback.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { ModelSummary } from '../callbacks/model-summary.js';
import { ProgressBar } from '../callbacks/progress-bar.js';
import { Timer } from '../callbacks/timer.js';
import { PLError } from '../errors/pl-error.js';
import { CSVLogger } from '../loggers/csv-logger.js';
import { Logger } from '../loggers/logger.js';
import type { ResolvedTrainerConfig, TrainerOptions } from './options.js';

type Kind<Part> = abstract new (...args: never[]) => Part;

/**
 * The callbacks that were given, then those that the settings ask for and nobody gave.
 *
 * @throws PLError PL5031 for what is no callback, and where callbacks and settings contradict each other
 */
export function callbacksOf(options: TrainerOptions, config: ResolvedTrainerConfig): readonly Callback[] {
  const given = listOf(options.callbacks ?? []);
  for (const callback of given) require(callback, Callback, 'callbacks', 'callbacks (instances of Callback)');
  refuse('enableCheckpointing', given, ModelCheckpoint, options, config);
  refuse('enableProgressBar', given, ProgressBar, options, config);
  if (given.filter((callback) => callback instanceof ProgressBar).length > 1) {
    throw new PLError('PL5031', 'two progress bars were given; a run has one.', {
      hint: 'Keep one of them.',
    });
  }
  const lacks = (kind: Kind<Callback>) => !given.some((callback) => callback instanceof kind);
  const { enableProgressBar, enableModelSummary, enableCheckpointing, maxTime } = config;
  return [
    ...given,
    ...(maxTime !== null && lacks(Timer) ? [new Timer({ duration: maxTime })] : []),
    ...(enableProgressBar && lacks(ProgressBar) ? [new ProgressBar()] : []),
    ...(enableModelSummary && lacks(ModelSummary) ? [new ModelSummary()] : []),
    ...(enableCheckpointing && lacks(ModelCheckpoint) ? [new ModelCheckpoint()] : []),
  ];
}

/** The loggers of a run. @throws PLError PL5031 for what is no logger */
export function loggersOf(
  { logger = true }: TrainerOptions,
  { fastDevRun, barebones, defaultRootDir }: ResolvedTrainerConfig,
): readonly Logger[] {
  const given = typeof logger === 'boolean' ? [] : listOf(logger);
  for (const one of given) require(one, Logger, 'logger', 'true, false or loggers (instances of Logger)');
  if (fastDevRun !== false || barebones) return [];
  return logger === true ? [new CSVLogger({ saveDir: defaultRootDir })] : given;
}

const listOf = <Part>(parts: Part | readonly Part[]): readonly Part[] =>
  Array.isArray(parts) ? parts : [parts as Part];

function require(part: unknown, kind: Kind<unknown>, option: string, wanted: string): void {
  if (part instanceof kind) return;
  const got =
    typeof part === 'object' && part !== null ? `a ${part.constructor?.name}` : JSON.stringify(part);
  throw new PLError('PL5031', `Trainer got ${got} in its option '${option}', wanted ${wanted}.`);
}

/** A callback that a setting turns off was not meant. */
function refuse(
  setting: 'enableCheckpointing' | 'enableProgressBar',
  given: readonly Callback[],
  kind: Kind<Callback>,
  options: TrainerOptions,
  { barebones }: ResolvedTrainerConfig,
): void {
  const callback = given.find((one) => one instanceof kind);
  if (callback === undefined || (options[setting] !== false && !barebones)) return;
  const why = barebones ? 'barebones is true' : `${setting} is false`;
  throw new PLError('PL5031', `trainer.${why}, but a ${callback.constructor.name} is among the callbacks.`, {
    hint: 'Leave out the setting or the callback.',
  });
}
