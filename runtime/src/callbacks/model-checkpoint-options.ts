import { PLError } from '../errors/pl-error.js';
import type { CheckpointConfig } from '../trainer/options.js';

/** Settings of ModelCheckpoint: those of the group `checkpoint`, and what only code can give. */
export interface ModelCheckpointOptions extends Omit<CheckpointConfig, 'saveLast'> {
  /** Also keeps `last.ckpt`: one more like the newest, or with `'link'` a symbolic link to it. Default false. */
  saveLast?: boolean | 'link' | null;
  /** Says what was saved and what was not. Default false. */
  verbose?: boolean;
  /** Writes `{val_loss}` in a file name as `val_loss=0.12`, not as `0.12`. Default true. */
  autoInsertMetricName?: boolean;
  /** Saves after the first batch that ends this many seconds after the last time. Default null. */
  trainTimeInterval?: number | null;
  /**
   * Saves at the end of training epochs (true) or of validations (false). By default at the end of epochs, unless
   * validation comes more or less often than once at the end of each.
   */
  saveOnTrainEpochEnd?: boolean | null;
  /** Appends `-v1`, `-v2`, … to a name that another file has; false overwrites that file. Default true. */
  enableVersionCounter?: boolean;
  /** Saves when training ends with an error. (After an interruption the trainer saves anyway.) Default false. */
  saveOnException?: boolean;
}

type Nullable = 'dirpath' | 'filename' | 'monitor' | 'trainTimeInterval' | 'saveOnTrainEpochEnd';

/** All settings; null where a setting has no value of its own. */
export type ResolvedModelCheckpointOptions = {
  [Name in keyof Required<ModelCheckpointOptions>]:
    | NonNullable<ModelCheckpointOptions[Name]>
    | (Name extends Nullable ? null : never);
};

/**
 * Fills in defaults: without any rhythm a checkpoint is saved every epoch.
 *
 * @throws PLError PL5050 for settings that make no sense, alone or together
 */
export function resolveModelCheckpointOptions(given: ModelCheckpointOptions): ResolvedModelCheckpointOptions {
  const { monitor = null, mode = 'min', saveTopK = 1, trainTimeInterval = null } = given;
  const { everyNEpochs, everyNTrainSteps } = given;
  const hasRhythm = [everyNEpochs, everyNTrainSteps, trainTimeInterval].some((every) => every != null);
  const resolved = {
    dirpath: given.dirpath ?? null,
    filename: given.filename ?? null,
    monitor,
    mode,
    saveTopK,
    saveLast: given.saveLast ?? false,
    saveWeightsOnly: given.saveWeightsOnly ?? false,
    verbose: given.verbose ?? false,
    autoInsertMetricName: given.autoInsertMetricName ?? true,
    everyNEpochs: everyNEpochs ?? (hasRhythm ? 0 : 1),
    everyNTrainSteps: everyNTrainSteps ?? 0,
    trainTimeInterval,
    saveOnTrainEpochEnd: given.saveOnTrainEpochEnd ?? null,
    enableVersionCounter: given.enableVersionCounter ?? true,
    saveOnException: given.saveOnException ?? false,
  };
  check(resolved);
  return resolved;
}

function check(options: ResolvedModelCheckpointOptions): void {
  const { mode, saveTopK, monitor, saveLast, trainTimeInterval } = options;
  if (mode !== 'min' && mode !== 'max') throw wrong('mode', mode, "'min' or 'max'");
  if (!Number.isInteger(saveTopK) || saveTopK < -1) {
    throw wrong('saveTopK', saveTopK, 'a whole number from 0, or -1 to keep all');
  }
  for (const name of ['everyNEpochs', 'everyNTrainSteps'] as const) {
    if (!Number.isInteger(options[name]) || options[name] < 0) {
      throw wrong(name, options[name], 'a whole number from 1, or 0 for never');
    }
  }
  if (trainTimeInterval !== null && !(trainTimeInterval > 0)) {
    throw wrong('trainTimeInterval', trainTimeInterval, 'a number of seconds above 0');
  }
  if (typeof saveLast !== 'boolean' && saveLast !== 'link') {
    throw wrong('saveLast', saveLast, "true, false or 'link'");
  }
  if (monitor === null && saveTopK > 1) {
    throw new PLError(
      'PL5050',
      `checkpoint.saveTopK is ${saveTopK}, but checkpoint.monitor is null: no metric says which are the best.`,
      {
        hint: 'Set checkpoint.monitor to a metric that the module logs, or saveTopK to 1 (the newest) or -1 (all).',
      },
    );
  }
  const rhythms = (['everyNEpochs', 'everyNTrainSteps', 'trainTimeInterval'] as const).filter(
    (name) => (options[name] ?? 0) > 0,
  );
  if (rhythms.length > 1) {
    throw new PLError('PL5050', `checkpoint.${rhythms.join(' and checkpoint.')} are both set.`, {
      hint: 'One ModelCheckpoint has one rhythm: keep one of them, or add a second ModelCheckpoint.',
    });
  }
}

const wrong = (name: keyof ModelCheckpointOptions, got: unknown, wanted: string) =>
  new PLError('PL5050', `checkpoint.${name} is ${JSON.stringify(got)}; wanted ${wanted}.`);
