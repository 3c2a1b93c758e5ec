import { PLError } from '../errors/pl-error.js';
import { parseDuration } from './duration.js';
import type { ResolvedTrainerConfig } from './options.js';

/** Refuses settings that make no sense, whatever way they came in. */
export function validateTrainerConfig(config: ResolvedTrainerConfig): void {
  for (const name of ['maxEpochs', 'maxSteps'] as const) {
    const value = config[name];
    if (value !== null && (!Number.isInteger(value) || value < -1)) {
      throw wrong(name, value, 'a whole number from 0, or -1 for no limit');
    }
  }
  for (const name of ['minEpochs', 'minSteps'] as const) {
    const value = config[name];
    if (value !== null && (!Number.isInteger(value) || value < 0))
      throw wrong(name, value, 'a whole number from 0, or null');
  }
  for (const [name, least] of [
    ['logEveryNSteps', 0],
    ['accumulateGradBatches', 1],
  ] as const) {
    if (!Number.isInteger(config[name]) || config[name] < least)
      throw wrong(name, config[name], `a whole number from ${least}`);
  }
  if (!Number.isInteger(config.numSanityValSteps) || config.numSanityValSteps < -1) {
    throw wrong(
      'numSanityValSteps',
      config.numSanityValSteps,
      'a whole number from 0, or -1 for all batches',
    );
  }
  if (config.maxTime !== null && parseDuration(config.maxTime) === undefined) {
    throw wrong('maxTime', config.maxTime, 'DD:HH:MM:SS, or a record of days, hours, minutes and seconds');
  }
  const { reloadDataloadersEveryNEpochs: n } = config;
  if (!Number.isInteger(n) || n < 0) throw wrong('reloadDataloadersEveryNEpochs', n, 'a whole number from 0');
  const { checkValEveryNEpoch, valCheckInterval, gradientClipVal, gradientClipAlgorithm, fastDevRun } =
    config;
  if (checkValEveryNEpoch !== null && (!Number.isInteger(checkValEveryNEpoch) || checkValEveryNEpoch < 1)) {
    throw wrong('checkValEveryNEpoch', checkValEveryNEpoch, 'a whole number from 1, or null');
  }
  if (
    valCheckInterval !== null &&
    !(valCheckInterval > 0 && (valCheckInterval < 1 || Number.isInteger(valCheckInterval)))
  ) {
    throw wrong('valCheckInterval', valCheckInterval, 'a number of batches, or a share between 0 and 1');
  }
  if (checkValEveryNEpoch === null && (valCheckInterval === null || valCheckInterval < 1)) {
    throw new PLError(
      'PL5012',
      `trainer.checkValEveryNEpoch is null, which counts batches across epochs, but trainer.valCheckInterval is ${valCheckInterval}.`,
      { hint: 'Set trainer.valCheckInterval to a number of batches.' },
    );
  }
  if (gradientClipVal !== null && !(gradientClipVal > 0))
    throw wrong('gradientClipVal', gradientClipVal, 'a number above 0, or null');
  if (!['norm', 'value'].includes(gradientClipAlgorithm)) {
    throw wrong('gradientClipAlgorithm', gradientClipAlgorithm, "'norm' or 'value'");
  }
  if (typeof fastDevRun === 'number' && (!Number.isInteger(fastDevRun) || fastDevRun < 0)) {
    throw wrong('fastDevRun', fastDevRun, 'true, false or a number of batches');
  }
}

const wrong = (name: keyof ResolvedTrainerConfig, got: unknown, wanted: string) =>
  new PLError('PL5012', `trainer.${name} is ${JSON.stringify(got)}; wanted ${wanted}.`);
