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
  if (limit >= 1 || limit === 0) return Math.min(limit, loader.length ?? Number.POSITIVE_INFINITY);
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

/** Refuses an interval between validations that no epoch is long enough for. */
export function checkValCheckInterval(
  { valCheckInterval, checkValEveryNEpoch }: ResolvedTrainerConfig,
  batchesPerEpoch: number | undefined,
): void {
  if (typeof valCheckInterval !== 'number' || checkValEveryNEpoch === null) return;
  if (valCheckInterval < 1) {
    if (batchesPerEpoch !== undefined) return;
    throw new PLError(
      'PL5012',
      `trainer.valCheckInterval is the share ${valCheckInterval}, but the training data has no length to take a share of.`,
      { hint: 'Give a number of batches, or null to validate at the end of the epoch.' },
    );
  }
  if (batchesPerEpoch === undefined || batchesPerEpoch === 0 || valCheckInterval <= batchesPerEpoch) return;
  throw new PLError(
    'PL5012',
    `trainer.valCheckInterval is ${valCheckInterval}, but an epoch has ${batchesPerEpoch} training batches: no validation would run.`,
    {
      hint: 'Lower it; set trainer.checkValEveryNEpoch to null to count batches across epochs; or set trainer.limitValBatches to 0 for no validation.',
    },
  );
}
