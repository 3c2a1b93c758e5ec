import type { Callback } from '../callbacks/callback.js';
import type { Logger } from '../loggers/logger.js';
import type { MetricName } from '../module/metric-names.js';

/**
 * The trainer's settings as configuration files, the environment and flags give them.
 *
 * Counts of batches: an integer from 1 counts batches, a number between 0 and 1 is that share of them, 0 is none.
 */
export interface TrainerConfig {
  /** Epochs to train for; -1 trains without limit. By default 1000, or no limit where maxSteps or maxTime is set. @type integer @minimum -1 @default null */
  maxEpochs?: number | null;
  /** Epochs to train for at least, whatever asks for an early stop. @type integer @minimum 0 @default null */
  minEpochs?: number | null;
  /** Optimizer steps to train for; -1 trains without limit. @type integer @minimum -1 @default -1 */
  maxSteps?: number;
  /** Optimizer steps to train for at least, whatever asks for an early stop. @type integer @minimum 0 @default null */
  minSteps?: number | null;
  /** Trains no longer than this, to the end of the running batch: DD:HH:MM:SS, or a record of days, hours, minutes and seconds. By default without limit. @pattern ^\d+:\d\d:\d\d:\d\d$ @default null */
  maxTime?: Duration | null;
  /** Training batches per epoch: a count, a share, or null for all. @minimum 0 @default null */
  limitTrainBatches?: number | null;
  /** Validation batches: a count, a share, or null for all. @minimum 0 @default null */
  limitValBatches?: number | null;
  /** Test batches: a count, a share, or null for all. @minimum 0 @default null */
  limitTestBatches?: number | null;
  /** Prediction batches: a count, a share, or null for all. @minimum 0 @default null */
  limitPredictBatches?: number | null;
  /** Uses this many of the training and of the validation batches (a count or a share), unshuffled. @minimum 0 @default 0 */
  overfitBatches?: number;
  /** Runs this many batches of everything, without logger and checkpoints, to find mistakes quickly; true means one. @default false */
  fastDevRun?: boolean | number;
  /** Validates after this many training batches: a count, a share of the epoch, or null for the epoch's end; or after this time, as text (DD:HH:MM:SS) or a record of days, hours, minutes and seconds. @exclusiveMinimum 0 @pattern ^\d+:\d\d:\d\d:\d\d$ @default null */
  valCheckInterval?: number | Duration | null;
  /** Validates every n-th epoch; null lets valCheckInterval count batches across epochs. @type integer @minimum 1 @default 1 */
  checkValEveryNEpoch?: number | null;
  /** Validation batches to run before training, so that mistakes there show at once; -1 runs all. @type integer @minimum -1 @default 2 */
  numSanityValSteps?: number;
  /** Asks for the training and validation data again every n-th epoch; 0 keeps the data loaders for the whole run. @type integer @minimum 0 @default 0 */
  reloadDataloadersEveryNEpochs?: number;
  /** Hands metrics of training steps to the loggers every n-th step; 0 never does. @type integer @minimum 0 @default 50 */
  logEveryNSteps?: number;
  /** Adds up the gradients of this many batches before the optimizer steps. @type integer @minimum 1 @default 1 */
  accumulateGradBatches?: number;
  /** Limit of the gradients' norm (or of each value); null and 0 leave them alone. @minimum 0 @default null */
  gradientClipVal?: number | null;
  /** What gradientClipVal limits: the norm over all gradients, or each value. @default "norm" */
  gradientClipAlgorithm?: 'norm' | 'value';
  /** Logs the norms of the gradients at every step that is logged, of each parameter and in total: a norm type such as 2, or "inf". @minimum 1 @default null */
  trackGradNorm?: number | 'inf' | null;
  /** Looks at the result of every operation, and stops at the first that is NaN or infinite; slow. @default false */
  detectAnomaly?: boolean;
  /** Computes the same bits from the same seed on the same machine. The engine ort always does; tensorflow is told to, which costs speed. @default false */
  deterministic?: boolean;
  /** Runs nothing beside the training itself, to see what it costs: no logger, checkpoints, progress bar, model summary or sanity check, and log records nothing. @default false */
  barebones?: boolean;
  /** Writes checkpoints by the rules of the group `checkpoint`. @default true */
  enableCheckpointing?: boolean;
  /** Shows progress: a live bar in a terminal, a line an epoch elsewhere. @default true */
  enableProgressBar?: boolean;
  /** Prints a table of the layers and their parameters before training. @default true */
  enableModelSummary?: boolean;
  /** Hands the hyper-parameters to the loggers when a run begins. @default true */
  enableAutologHparams?: boolean;
  /** Folder for logs and checkpoints. @minLength 1 @default "." */
  defaultRootDir?: string;
  /** Kind of device to train on. @default "auto" */
  accelerator?: 'auto' | 'cpu' | 'gpu' | 'mps';
  /** What executes the tensor operations; `pl doctor` tells what is there. @default "auto" */
  engine?: 'auto' | 'torch' | 'tensorflow' | 'ort';
  /** Threads of the engine, in each process; null divides the cores among the processes. @type integer @minimum 1 @default null */
  threads?: number | null;
  /** Types of the numbers: `mixed` computes matrix products and convolutions in 16 bits and keeps weights and sums in 32, `true` keeps and computes all in one type; 32, 16 and bf16 are short for 32-true, 16-mixed and bf16-mixed. @default "32-true" */
  precision?:
    | '32-true'
    | '16-mixed'
    | 'bf16-mixed'
    | '16-true'
    | 'bf16-true'
    | 16
    | 32
    | '16'
    | '32'
    | 'bf16';
  /** How exact matrix products of float32 are on a GPU: high and medium allow fewer digits inside (TF32); null leaves it to libtorch. @default null */
  matmulPrecision?: 'highest' | 'high' | 'medium' | null;
  /** Devices of this host to train on, on a CPU the number of processes; auto takes those that a launcher started, else one. @type integer @minimum 1 @default "auto" */
  devices?: number | 'auto';
  /** Hosts to train on, of which each has its own processes started by a launcher such as torchrun. @type integer @minimum 1 @default 1 */
  numNodes?: number;
  /** How several devices train together: ddp averages their gradients; ddp_find_unused_parameters_true lets their losses reach different parameters; ddp_sharded divides the optimizer's state among them. @default "auto" */
  strategy?: 'auto' | 'ddp' | 'ddp_find_unused_parameters_true' | 'ddp_sharded';
  /** Normalizes batches by the statistics of all devices. @default false */
  syncBatchnorm?: boolean;
  /** Divides the samples of data loaders among the devices. @default true */
  useDistributedSampler?: boolean;
  /** Seconds that a process waits for the others before it gives up. @exclusiveMinimum 0 @default 1800 */
  processGroupTimeout?: number;
}

/** A length of time: `DD:HH:MM:SS`, or the parts that it consists of. */
export type Duration = string | DurationParts;

export interface DurationParts {
  /** @minimum 0 @default 0 */
  days?: number;
  /** @minimum 0 @default 0 */
  hours?: number;
  /** @minimum 0 @default 0 */
  minutes?: number;
  /** @minimum 0 @default 0 */
  seconds?: number;
}

/** Settings of the checkpoints that a run writes: ModelCheckpoint's, except what only code can give. */
export interface CheckpointConfig {
  /** Folder of the checkpoints; null means `checkpoints` in the run's log folder. @default null */
  dirpath?: string | null;
  /** File name with `{epoch}`, `{step}` and metrics, for example `{epoch}-{val_loss:.2f}`; null means `{epoch}-{step}`. @default null */
  filename?: string | null;
  /** Metric that decides which checkpoints are best; null keeps the last. @default null */
  monitor?: MetricName | null;
  /** Whether a smaller or a larger value of the metric is better. @default "min" */
  mode?: 'min' | 'max';
  /** How many of the best checkpoints to keep; -1 keeps all, 0 none. @type integer @minimum -1 @default 1 */
  saveTopK?: number;
  /** Also keeps `last.ckpt`, a copy of the newest checkpoint. @default false */
  saveLast?: boolean;
  /** Leaves out the optimizers' state: smaller, but training cannot resume from it. @default false */
  saveWeightsOnly?: boolean;
  /** Saves every n-th epoch; null leaves it to everyNTrainSteps. @type integer @minimum 0 @default null */
  everyNEpochs?: number | null;
  /** Saves every n-th optimizer step; null saves by epochs. @type integer @minimum 0 @default null */
  everyNTrainSteps?: number | null;
}

/** What `new Trainer` takes: the settings, and what only code can give. */
export interface TrainerOptions extends TrainerConfig {
  callbacks?: Callback | readonly Callback[];
  /** One logger or several; true (the default) writes CSV files under `lightning_logs`, false logs nowhere. */
  logger?: Logger | readonly Logger[] | boolean;
}

export type ResolvedTrainerConfig = Required<TrainerConfig>;

const defaults: ResolvedTrainerConfig = {
  maxEpochs: null,
  minEpochs: null,
  maxSteps: -1,
  minSteps: null,
  maxTime: null,
  limitTrainBatches: null,
  limitValBatches: null,
  limitTestBatches: null,
  limitPredictBatches: null,
  overfitBatches: 0,
  fastDevRun: false,
  valCheckInterval: null,
  checkValEveryNEpoch: 1,
  numSanityValSteps: 2,
  reloadDataloadersEveryNEpochs: 0,
  logEveryNSteps: 50,
  accumulateGradBatches: 1,
  gradientClipVal: null,
  gradientClipAlgorithm: 'norm',
  trackGradNorm: null,
  detectAnomaly: false,
  deterministic: false,
  barebones: false,
  enableCheckpointing: true,
  enableProgressBar: true,
  enableModelSummary: true,
  enableAutologHparams: true,
  defaultRootDir: '.',
  accelerator: 'auto',
  engine: 'auto',
  threads: null,
  precision: '32-true',
  matmulPrecision: null,
  devices: 'auto',
  numNodes: 1,
  strategy: 'auto',
  syncBatchnorm: false,
  useDistributedSampler: true,
  processGroupTimeout: 1800,
};

/** The names of the settings. */
export const trainerSettings: readonly string[] = Object.keys(defaults);

/** Fills in the defaults; `barebones` and `fastDevRun` override what they must. */
export function resolveTrainerConfig(config: TrainerConfig): ResolvedTrainerConfig {
  const given = Object.fromEntries(
    Object.entries(config).filter(([name, value]) => name in defaults && value !== undefined),
  ) as TrainerConfig;
  return asFastDevRun(asBarebones({ ...defaults, ...given }));
}

function asBarebones(config: ResolvedTrainerConfig): ResolvedTrainerConfig {
  return config.barebones ? { ...config, ...barebonesSettings } : config;
}

/** What `barebones` turns off. */
export const barebonesSettings = {
  enableCheckpointing: false,
  enableProgressBar: false,
  enableModelSummary: false,
  logEveryNSteps: 0,
  numSanityValSteps: 0,
  fastDevRun: false,
  detectAnomaly: false,
  trackGradNorm: null,
} as const satisfies TrainerConfig;

function asFastDevRun(config: ResolvedTrainerConfig): ResolvedTrainerConfig {
  const { fastDevRun } = config;
  if (fastDevRun === false || fastDevRun === 0) return { ...config, fastDevRun: false };
  const batches = fastDevRun === true ? 1 : fastDevRun;
  return {
    ...config,
    maxEpochs: 1,
    maxSteps: batches,
    limitTrainBatches: batches,
    limitValBatches: batches,
    limitTestBatches: batches,
    limitPredictBatches: batches,
    numSanityValSteps: 0,
    valCheckInterval: null,
    checkValEveryNEpoch: 1,
    enableCheckpointing: false,
  };
}
