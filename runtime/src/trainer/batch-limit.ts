import type { DataLoader } from '../data/data-loader.js';
import { PLError } from '../errors/pl-error.js';
import type { ResolvedTrainerConfig } from './options.js';

type LimitSetting = 'limitTrainBatches' | 'limitValBatches' | 'limitTestBatches' | 'limitPredictBatches';

/** A setting's limit; `overfitBatches` takes the place of those of training and validation. */
export function batchLimit(config: ResolvedTrainerConfig, setting: LimitSetting): number | null {
  const overfits = setting === 'limitTrainBatches' || setting === 'limitValBatches';
  return overfits && config.overfitBatches !== 0 ? config.overfitBatches : config[setting];
}

/** How many of a loader's batches a limit leaves; undefined when neither the data nor the limit has a number. */
export function limitedLength(
  loader: DataLoader<unknown>,
  limit: number | null,
  setting: string,
): number | undefined {
  if (limit === null) return loader.length;
  if (limit >= 1 || limit === 0) {
    if (limit !== 0 && !Number.isInteger(limit)) throw badLimit(setting, limit);
    return Math.min(limit, loader.length ?? Number.POSITIVE_INFINITY);
  }
  if (limit < 0) throw badLimit(setting, limit);
  if (loader.length === undefined) {
    throw new PLError(
      'PL5012',
      `trainer.${setting} is the share ${limit}, but the data has no length to take a share of.`,
      {
        hint: 'Give a number of batches.',
      },
    );
  }
  const share = Math.floor(loader.length * limit);
  if (share > 0) return share;
  throw new PLError(
    'PL5012',
    `trainer.${setting} is ${limit}, which is less than one of the ${loader.length} batches.`,
    { hint: `Use at least ${1 / loader.length}, or a number of batches.` },
  );
}

const badLimit = (setting: string, limit: number) =>
  new PLError(
    'PL5012',
    `trainer.${setting} is ${limit}; wanted a whole number of batches, or a share between 0 and 1.`,
  );
