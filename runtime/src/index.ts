import './engines/default.js';
import './functional/on-ort.js';
import './optim/on-torch.js';
import './functional/on-torch.js';

export type { MonitorMode } from './callbacks/best-checkpoints.js';
export { Callback } from './callbacks/callback.js';
export {
  EarlyStopping,
  type EarlyStoppingOptions,
  type StoppingReason,
} from './callbacks/early-stopping.js';
export { GradientAccumulationScheduler } from './callbacks/gradient-accumulation-scheduler.js';
export type { TextStream } from './callbacks/live-line.js';
export { ModelCheckpoint } from './callbacks/model-checkpoint.js';
export type { ModelCheckpointOptions } from './callbacks/model-checkpoint-options.js';
export { ModelSummary, type ModelSummaryOptions } from './callbacks/model-summary.js';
export { ProgressBar, type ProgressBarOptions } from './callbacks/progress-bar.js';
export {
  type OpenShape,
  type Summary,
  type SummaryOptions,
  type SummaryRow,
  summarize,
} from './callbacks/summarize.js';
export { Timer, type TimerOptions } from './callbacks/timer.js';
export {
  type Checkpoint,
  readCheckpoint,
  type TensorData,
  writeCheckpoint,
  writeCheckpointSync,
} from './checkpoint/checkpoint.js';
export { compareState } from './checkpoint/compare-state.js';
export { describeCheckpoint } from './checkpoint/describe-checkpoint.js';
export { type MainOptions, main } from './cli/main.js';
export type { ProgramConfig } from './cli/program.js';
export type { ConfigDefinition, SchemaIssue, SchemaValidator, Setting } from './config/definition.js';
export { hparamsValidator } from './config/hparams.js';
export type { JsonScalar, JsonSchema, JsonType, JsonValue } from './config/json-schema.js';
export { type ConfigSources, type ResolvedConfig, resolveConfig } from './config/resolve.js';
export {
  type ApplyOptions,
  applyToCollection,
  applyToCollections,
  type Match,
} from './data/apply-to-collection.js';
export {
  type ArrayBatch,
  type ArrayColumn,
  ArrayDataset,
  type ArraySample,
  type Column,
} from './data/array-dataset.js';
export type { BatchIterator, LoaderState } from './data/batch-iterator.js';
export { type Collated, defaultCollate } from './data/collate.js';
export { type CsvOptions, NumericTable, readNumericCsv } from './data/csv.js';
export { DataLoader, type DataLoaderOptions } from './data/data-loader.js';
export type { BatchDataset, Dataset, IterableDataset } from './data/dataset.js';
export { disposeBatch } from './data/dispose-batch.js';
export { type DistributeOptions, distributeLoader } from './data/distribute-loader.js';
export {
  DistributedSampler,
  type DistributedSamplerOptions,
  type ReplicaOptions,
  UnrepeatedDistributedSampler,
  type UnrepeatedDistributedSamplerOptions,
} from './data/distributed-sampler.js';
export { extractBatchSize } from './data/extract-batch-size.js';
export { type HostDtype, NdArray, type NumericArray } from './data/nd-array.js';
export {
  type BatchIndices,
  BatchSampler,
  RandomSampler,
  type Sampler,
  SequentialSampler,
  WeightedRandomSampler,
} from './data/sampler.js';
export { randomSplit, subset } from './data/subset.js';
export type { AutocastEngine, MatmulPrecision, Precision } from './engines/autocast-engine.js';
export {
  type EngineCandidate,
  type EngineReport,
  formatEngineReport,
  inspectEngines,
} from './engines/doctor.js';
export { type HostView, hostView, ownHostView } from './engines/host-memory.js';
export { type EngineName, type EngineOptions, type SelectedEngine, selectEngine } from './engines/select.js';
export { buildTorch, type TorchBuildOptions } from './engines/torch/build/build-torch.js';
export type { BuiltAddon } from './engines/torch/build/built-addon.js';
export { type ErrorCode, errorExplanations } from './errors/codes.js';
export * from './errors/pl-error.js';
export { type ClipOptions, Fabric, type SetUpOptimizer } from './fabric/fabric.js';
export { FabricDataLoader } from './fabric/fabric-data-loader.js';
export { FabricOptimizer } from './fabric/fabric-optimizer.js';
export type { FabricOptions } from './fabric/options.js';
export { FabricTfjsOptimizer } from './fabric/tfjs-optimizer.js';
export { accuracy } from './functional/accuracy.js';
export { type AttentionOptions, scaledDotProductAttention } from './functional/attention.js';
export { type BatchNormOptions, batchNorm } from './functional/batch-norm.js';
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from './functional/binary-cross-entropy.js';
export { clipByGlobalNorm } from './functional/clip-by-global-norm.js';
export { type CrossEntropyOptions, crossEntropy } from './functional/cross-entropy.js';
export { type DropoutOptions, dropout } from './functional/dropout.js';
export { type EmbeddingOptions, embedding } from './functional/embedding.js';
export { type GELUOptions, gelu } from './functional/gelu.js';
export { type GroupNormOptions, groupNorm } from './functional/group-norm.js';
export { type LayerNormOptions, layerNorm } from './functional/layer-norm.js';
export type { Reduction } from './functional/reduction.js';
export { type Operation, overrideOperation, runOperation, type Saved } from './functional/registry.js';
export { type RMSNormOptions, rmsNorm } from './functional/rms-norm.js';
export { silu } from './functional/silu.js';
export {
  type DeclaredHooks,
  declaredHooks,
  Hook,
  Hparams,
  type HparamsOptions,
  PredictStep,
  TestStep,
  TrainingStep,
  ValidationStep,
} from './hooks/decorators.js';
export { evaluationHookNames, hookNames, stageHookName, synchronousHooks } from './hooks/names.js';
export type {
  BackwardPass,
  CallbackHooks,
  DataModuleHooks,
  EvaluationStage,
  GradientClipAlgorithm,
  HookName,
  HookOwner,
  HookSignature,
  HookSignatureOf,
  HookTable,
  ManualStepOutput,
  ModuleHooks,
  TrainerFn,
  TrainingStepOutput,
} from './hooks/signatures.js';
export { CSVLogger, type CSVLoggerOptions } from './loggers/csv-logger.js';
export { Logger, type RunStatus, type SavedCheckpoints } from './loggers/logger.js';
export type { EvaluationRun } from './loops/evaluation-run.js';
export type { FitRun } from './loops/fit-run.js';
export type { LogOptions, LogValue } from './loops/log-options.js';
export type { OptimizerHandle } from './loops/manual-optimization.js';
export type { Metrics } from './loops/results.js';
export { type CompiledClass, type CompiledLoops, registerCompiled } from './module/compiled.js';
export { LightningDataModule } from './module/lightning-data-module.js';
export { LightningModule } from './module/lightning-module.js';
export type { MetricName, MetricNames } from './module/metric-names.js';
export { Adadelta, type AdadeltaOptions } from './optim/adadelta.js';
export { Adagrad, type AdagradOptions } from './optim/adagrad.js';
export { Adam, type AdamOptions } from './optim/adam.js';
export { Adamax, type AdamaxOptions } from './optim/adamax.js';
export { AdamW } from './optim/adamw.js';
export { ASGD, type ASGDOptions } from './optim/asgd.js';
export { backward } from './optim/backward.js';
export { clipGradNorm, clipGradValue, type NormType, totalNorm } from './optim/clip-gradients.js';
export { ElementwiseOptimizer, type ParamScalars, type Values } from './optim/elementwise-optimizer.js';
export { accumulateGrad, clearGrads, gradOf, setGrad } from './optim/gradients.js';
export { LBFGS, type LBFGSOptions } from './optim/lbfgs.js';
export { ChainedScheduler } from './optim/lr-schedulers/chained-scheduler.js';
export {
  type ConfiguredOptimizers,
  type LRSchedulerConfig,
  type LRSchedulerInit,
  normalizeOptimizers,
  type OptimizerConfig,
  type OptimizersInForce,
} from './optim/lr-schedulers/config.js';
export { ConstantLR, type ConstantLROptions } from './optim/lr-schedulers/constant-lr.js';
export {
  CosineAnnealingLR,
  type CosineAnnealingLROptions,
} from './optim/lr-schedulers/cosine-annealing-lr.js';
export {
  CosineAnnealingWarmRestarts,
  type CosineAnnealingWarmRestartsOptions,
} from './optim/lr-schedulers/cosine-annealing-warm-restarts.js';
export {
  type CosineWarmupOptions,
  getCosineScheduleWithWarmup,
} from './optim/lr-schedulers/cosine-schedule-with-warmup.js';
export { CyclicLR, type CyclicLRInit, type CyclicLROptions } from './optim/lr-schedulers/cyclic-lr.js';
export { EpochLR } from './optim/lr-schedulers/epoch-lr.js';
export { ExponentialLR, type ExponentialLROptions } from './optim/lr-schedulers/exponential-lr.js';
export { LambdaLR, type LambdaLRInit } from './optim/lr-schedulers/lambda-lr.js';
export { LinearLR, type LinearLROptions } from './optim/lr-schedulers/linear-lr.js';
export {
  getLinearScheduleWithWarmup,
  type LinearWarmupOptions,
} from './optim/lr-schedulers/linear-schedule-with-warmup.js';
export type { LRLambda } from './optim/lr-schedulers/lr-lambda.js';
export { LRScheduler } from './optim/lr-schedulers/lr-scheduler.js';
export { MultiStepLR, type MultiStepLROptions } from './optim/lr-schedulers/multi-step-lr.js';
export { MultiplicativeLR } from './optim/lr-schedulers/multiplicative-lr.js';
export { OneCycleLR, type OneCycleLROptions } from './optim/lr-schedulers/one-cycle-lr.js';
export type { PerGroup, ScheduleDefinition, ScheduleInit } from './optim/lr-schedulers/options.js';
export { PolynomialLR, type PolynomialLROptions } from './optim/lr-schedulers/polynomial-lr.js';
export {
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from './optim/lr-schedulers/reduce-lr-on-plateau.js';
export { type LearningRateNames, schedulerNames } from './optim/lr-schedulers/scheduler-names.js';
export type { LRSchedulerState } from './optim/lr-schedulers/scheduler-state.js';
export { SequentialLR, type SequentialLRInit } from './optim/lr-schedulers/sequential-lr.js';
export { StepLR, type StepLROptions } from './optim/lr-schedulers/step-lr.js';
export { NAdam, type NAdamOptions } from './optim/nadam.js';
export {
  Optimizer,
  type OptimizerDefinition,
  type OptimizerOptions,
  type OptimizerParams,
  type ParamGroup,
  type ParamGroupInit,
} from './optim/optimizer.js';
export type {
  OptimizerScalars,
  OptimizerStateDict,
  RestorableOptimizerState,
  TensorValues,
} from './optim/optimizer-state.js';
export { RAdam, type RAdamOptions } from './optim/radam.js';
export { RMSprop, type RMSpropOptions } from './optim/rmsprop.js';
export { Rprop, type RpropOptions } from './optim/rprop.js';
export { SGD, type SGDOptions } from './optim/sgd.js';
export { GradScaler, type GradScalerOptions, type GradScalerState } from './precision/grad-scaler.js';
export type { PrecisionInput } from './precision/parse-precision.js';
export { Generator } from './random/generator.js';
export {
  globalGenerator,
  type RngState,
  restoreRngState,
  rngState,
  seedEverything,
} from './random/seed-everything.js';
export type { ClusterEnvironment } from './strategies/environments/cluster-environment.js';
export { detectEnvironment } from './strategies/environments/detect.js';
export type {
  HostArray,
  ProcessGroup,
  ReduceOp,
  Values as ReducibleValues,
  Work,
} from './strategies/process-group.js';
export { rankZeroOnly } from './strategies/rank-zero.js';
export type { Strategy } from './strategies/strategy.js';
export * as tf from './tf.js';
export { Interruption } from './trainer/interruption.js';
export type {
  CheckpointConfig,
  Duration,
  DurationParts,
  TrainerConfig,
  TrainerOptions,
} from './trainer/options.js';
export type { RunningStage, TrainerState } from './trainer/state.js';
export { type EvaluationOptions, type FitOptions, Trainer } from './trainer/trainer.js';
