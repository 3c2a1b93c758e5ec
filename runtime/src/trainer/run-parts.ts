import { Callback } from '../callbacks/callback.js';
import { ModelCheckpoint } from '../callbacks/model-checkpoint.js';
import { ModelSummary } from '../callbacks/model-summary.js';
import { ProgressBar } from '../callbacks/progress-bar.js';
import { Timer } from '../callbacks/timer.js';
import { PLError } from '../errors/pl-error.js';
import { CSVLogger } from '../loggers/csv-logger.js';
import { Logger } from '../loggers/logger.js';
import { callbackProblems, type SwitchedCallback, switchedCallbacks } from './callback-rules.js';
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
  for (const problem of callbackProblems(switchedKinds(given), options)) throw problem;
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

const kinds = { ModelCheckpoint, ProgressBar } satisfies Record<SwitchedCallback, Kind<Callback>>;

/** The kinds of those callbacks that settings turn off, one for each. */
export function switchedKinds(callbacks: readonly Callback[]): SwitchedCallback[] {
  return callbacks.flatMap((callback) => switchedCallbacks.filter((kind) => callback instanceof kinds[kind]));
}
