import { PLError } from '../errors/pl-error.js';
import { parseMatmulPrecision, parsePrecision } from '../precision/parse-precision.js';
import { parseDuration } from './duration.js';
import type { Duration, ResolvedTrainerConfig } from './options.js';

/** What a setting may be, in words and as a test. */
interface Rule {
  wanted: string;
  holds(value: unknown): boolean;
}

const isWhole = (value: unknown, least: number) => Number.isInteger(value) && (value as number) >= least;
const isCountOrShare = (value: unknown) =>
  typeof value === 'number' && value >= 0 && (value < 1 || Number.isInteger(value));

const whole = (least: number): Rule => ({
  wanted: `a whole number from ${least}`,
  holds: (value) => isWhole(value, least),
});
const limit: Rule = {
  wanted: 'a whole number from 0, or -1 for no limit',
  holds: (value) => isWhole(value, -1),
};
const batches: Rule = {
  wanted: 'a whole number of batches, or a share of them between 0 and 1',
  holds: isCountOrShare,
};
const flag: Rule = { wanted: 'true or false', holds: (value) => typeof value === 'boolean' };
const oneOf = (...values: string[]): Rule => ({
  wanted: values.map((value) => `'${value}'`).join(', '),
  holds: (value) => values.some((known) => known === value),
});
const orNull = ({ wanted, holds }: Rule): Rule => ({
  wanted: `${wanted}, or null`,
  holds: (value) => value === null || holds(value),
});

/** Settings whose values are names that a parser knows. */
type Parsed = 'precision' | 'matmulPrecision';

const rules: { readonly [Name in Exclude<keyof ResolvedTrainerConfig, Parsed>]: Rule } = {
  // Others follow from it, so it comes first.
  fastDevRun: {
    wanted: 'true, false or a number of batches',
    holds: (value) => typeof value === 'boolean' || isWhole(value, 0),
  },
  maxEpochs: orNull(limit),
  minEpochs: orNull(whole(0)),
  maxSteps: limit,
  minSteps: orNull(whole(0)),
  maxTime: orNull({
    wanted: 'DD:HH:MM:SS, or a record of days, hours, minutes and seconds',
    holds: (value) => parseDuration(value as Duration) !== undefined,
  }),
  limitTrainBatches: orNull(batches),
  limitValBatches: orNull(batches),
  limitTestBatches: orNull(batches),
  limitPredictBatches: orNull(batches),
  overfitBatches: batches,
  valCheckInterval: orNull({
    wanted: 'a number of batches from 1, a share of the epoch between 0 and 1, or a time such as 00:00:30:00',
    holds: (value) =>
      typeof value === 'number'
        ? value !== 0 && isCountOrShare(value)
        : parseDuration(value as Duration) !== undefined,
  }),
  checkValEveryNEpoch: orNull(whole(1)),
  numSanityValSteps: {
    wanted: 'a whole number from 0, or -1 for all batches',
    holds: (value) => isWhole(value, -1),
  },
  reloadDataloadersEveryNEpochs: whole(0),
  logEveryNSteps: whole(0),
  accumulateGradBatches: whole(1),
  gradientClipVal: orNull({
    wanted: 'a number from 0 (which clips nothing)',
    holds: (value) => typeof value === 'number' && value >= 0,
  }),
  gradientClipAlgorithm: oneOf('norm', 'value'),
  trackGradNorm: orNull({
    wanted: "a norm type from 1, or 'inf'",
    holds: (value) => value === 'inf' || (typeof value === 'number' && value >= 1),
  }),
  detectAnomaly: flag,
  deterministic: flag,
  barebones: flag,
  enableCheckpointing: flag,
  enableProgressBar: flag,
  enableModelSummary: flag,
  enableAutologHparams: flag,
  defaultRootDir: {
    wanted: 'the path of a folder',
    holds: (value) => typeof value === 'string' && value !== '',
  },
  accelerator: oneOf('auto', 'cpu', 'gpu', 'mps'),
  engine: oneOf('auto', 'torch', 'tensorflow', 'ort'),
  threads: orNull(whole(1)),
  devices: {
    wanted: "a whole number from 1, or 'auto'",
    holds: (value) => value === 'auto' || isWhole(value, 1),
  },
  numNodes: whole(1),
  strategy: oneOf('auto', 'ddp', 'ddp_find_unused_parameters_true', 'ddp_sharded'),
  syncBatchnorm: flag,
  useDistributedSampler: flag,
  processGroupTimeout: {
    wanted: 'a number of seconds above 0',
    holds: (value) => typeof value === 'number' && value > 0,
  },
};

/** What makes no sense in settings, alone or together, whatever way they came in. */
export function* trainerProblems(config: ResolvedTrainerConfig): Generator<PLError, void> {
  for (const name of Object.keys(rules) as (keyof typeof rules)[]) {
    const { wanted, holds } = rules[name];
    if (holds(config[name])) continue;
    yield new PLError('PL5012', `trainer.${name} is ${shown(config[name])}; wanted ${wanted}.`);
  }
  yield* precisionProblems(config);
  const { checkValEveryNEpoch, valCheckInterval } = config;
  const counts = typeof valCheckInterval === 'number' ? valCheckInterval >= 1 : valCheckInterval !== null;
  if (checkValEveryNEpoch === null && !counts) {
    yield new PLError(
      'PL5012',
      `trainer.checkValEveryNEpoch is null, which counts batches across epochs, but trainer.valCheckInterval is ${valCheckInterval}.`,
      { hint: 'Set trainer.valCheckInterval to a number of batches, or to a time.' },
    );
  }
}

function* precisionProblems({ precision, matmulPrecision }: ResolvedTrainerConfig): Generator<PLError, void> {
  try {
    parsePrecision(precision);
    if (matmulPrecision !== null) parseMatmulPrecision(matmulPrecision);
  } catch (problem) {
    if (!(problem instanceof PLError)) throw problem;
    yield problem;
  }
}

/** What does not go with a module that optimizes itself. */
export function* manualOptimizationProblems({
  gradientClipVal,
  accumulateGradBatches,
}: ResolvedTrainerConfig): Generator<PLError, void> {
  const settings = [
    ...(gradientClipVal === null ? [] : ['gradientClipVal']),
    ...(accumulateGradBatches === 1 ? [] : ['accumulateGradBatches']),
  ];
  for (const setting of settings) {
    yield new PLError('PL5012', `trainer.${setting} has no effect on a module that optimizes itself.`, {
      hint: 'Leave it out, and clip or accumulate in the training step.',
    });
  }
}

function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'function' ? String(value) : JSON.stringify(value);
}
