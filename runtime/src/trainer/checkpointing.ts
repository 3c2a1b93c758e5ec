import { assignState } from '../checkpoint/assign-state.js';
import type { Checkpoint, TensorData } from '../checkpoint/checkpoint.js';
import { tensorData } from '../checkpoint/copy-tensor.js';
import { type Slots, slotsOf, slotTensors } from '../checkpoint/optimizer-slots.js';
import { runtimeVersion } from '../checkpoint/runtime-version.js';
import { PLError } from '../errors/pl-error.js';
import { declaredHparams } from '../hooks/decorators.js';
import type { EpochState, FitRun } from '../loops/fit-run.js';
import type { FitProgress } from '../loops/progress.js';
import type { DataModuleState } from '../module/load-from-checkpoint.js';
import { gradOf, setGrad } from '../optim/gradients.js';
import type { OptimizersInForce } from '../optim/lr-schedulers/config.js';
import type { LRSchedulerState } from '../optim/lr-schedulers/scheduler-state.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { OptimizerStateDict, RestorableOptimizerState } from '../optim/optimizer-state.js';
import { paramsOf } from '../optim/params-of.js';
import type { GradScalerState } from '../precision/grad-scaler.js';
import { restoreRngState, rngState } from '../random/seed-everything.js';
import * as tf from '../tf.js';
import type { Session } from './session.js';

/** `loops` in a checkpoint. */
interface LoopsState {
  fit: FitProgress;
  /** Of the running epoch, or of the one that ended last. */
  epoch?: Omit<EpochState, 'loader'>;
  /** Processes of the run, where there were several. */
  worldSize?: number;
  /** What differs between them, by rank; of the first only, where the others had failed. */
  ranks?: RankState[];
}

/** What a process of a run has for itself. */
interface RankState {
  rng: unknown;
  loader?: EpochState['loader'];
  epoch?: LoopsState['epoch'];
}

/** `samplers` in a checkpoint. */
interface SamplersState {
  /** The order of the training data, and the place in it. */
  train?: EpochState['loader'];
}

/** Where the state of the loss scale stands in a checkpoint, as in Lightning's. */
const PRECISION_KEY = 'MixedPrecision';

/** The slot under which gradients wait for the rest of their accumulation window. */
const GRADIENT_SLOT = 'grad';

/** Everything that a fit needs to go on from here. */
export async function captureCheckpoint(
  session: Session,
  run: FitRun | undefined,
  weightsOnly: boolean,
): Promise<Checkpoint> {
  const { module, callbacks, progress, strategy } = session;
  const variables = module.stateDict();
  const optimizers = weightsOnly || run === undefined ? [] : session.trainer.optimizers;
  const states = optimizers.map((optimizer) =>
    optimizerState(optimizer, session, run?.accumulating === true),
  );
  const { loader, ...epoch } = run?.epochState() ?? {};
  const ranks = strategy.gatherObjects<RankState>({
    rng: rngState(),
    ...(loader && { loader, epoch: epoch as RankState['epoch'] }),
  });
  const checkpoint: Checkpoint = {
    stateDict: new Map(Array.from(variables, ([name, v]) => [name, tensorData(v)])),
    optimizerStates: {
      tensors: new Map(states.flatMap(({ tensors }, i) => slotTensors(tensors, i))),
      scalars: states.map(({ scalars }) => scalars),
    },
    epoch: progress.epoch,
    globalStep: progress.globalStep,
    plVersion: runtimeVersion,
    loops: {
      fit: { ...progress },
      ...(loader && { epoch: epoch as LoopsState['epoch'] }),
      ...(strategy.worldSize > 1 && { worldSize: strategy.worldSize, ranks }),
    } as LoopsState,
    callbacks: weightsOnly ? {} : callbacks.stateDict(),
    lrSchedulers: weightsOnly
      ? []
      : session.trainer.lrSchedulerConfigs.map(({ scheduler }) => scheduler.stateDict()),
    hyperParameters: savedHparams(module),
    rng: rngState(),
    samplers: (loader === undefined ? {} : { train: loader }) satisfies SamplersState,
    extra: {},
  };
  const { data } = session;
  const state = data.stateDict();
  checkpoint.extra = {
    ...(state !== undefined && { datamodule: state }),
    ...(data.datamodule !== undefined &&
      declaredHparams(data.datamodule.constructor) !== undefined && {
        datamodule_hyper_parameters: savedHparams(data.datamodule),
      }),
    ...precisionState(session, weightsOnly),
  } satisfies DataModuleState & Record<string, unknown>;
  const { phase } = session.results;
  session.results.phase = 'on_save_checkpoint';
  await callbacks.call('on_save_checkpoint', [checkpoint]);
  await session.hooks.on_save_checkpoint?.(checkpoint);
  session.results.phase = phase;
  return checkpoint;
}

function precisionState({ precision }: Session, weightsOnly: boolean): Record<string, unknown> {
  const state = weightsOnly ? undefined : precision.stateDict();
  return state === undefined ? {} : { [PRECISION_KEY]: state };
}

function optimizerState(
  optimizer: Optimizer,
  { module, strategy }: Session,
  withGradients: boolean,
): OptimizerStateDict {
  const names = new Map(Array.from(module.stateDict(), ([name, v]) => [v, name]));
  const nameOf = (v: tf.Variable) => {
    const name = names.get(v);
    if (name !== undefined) return name;
    throw new PLError(
      'PL5013',
      `the optimizer trains the variable '${v.name}', which ${module.constructor.name} does not hold.`,
      { hint: 'Keep it in a property of the module, so that checkpoints contain it.' },
    );
  };
  const state = strategy.optimizerState(optimizer, nameOf);
  const params = withGradients ? paramsOf(optimizer) : [];
  // A run that goes on from here begins with what the processes have added up, shared evenly.
  if (withGradients) strategy.beginReduction(params).finish({ expectsAll: false });
  for (const v of params) {
    const grad = gradOf(v);
    if (grad !== undefined) state.tensors[nameOf(v)] = { ...state.tensors[nameOf(v)], [GRADIENT_SLOT]: grad };
  }
  return state;
}

/** The hyper-parameters that go into checkpoints. */
export function savedHparams(owner: { readonly hparams: object }): Record<string, unknown> {
  const ignored = declaredHparams(owner.constructor)?.ignore ?? [];
  return Object.fromEntries(Object.entries(owner.hparams).filter(([name]) => !ignored.includes(name)));
}

/** A checkpoint, and the file that it was read from. */
export interface CheckpointSource {
  path: string;
  checkpoint: Checkpoint;
}

/**
 * Puts a checkpoint's weights into the module and tells module, data module and callbacks about it. The weights stay
 * as they are when they do not fit.
 */
export async function restore(session: Session, source: CheckpointSource | undefined): Promise<void> {
  if (source === undefined) return;
  const { module, hooks, data, callbacks } = session;
  const { checkpoint, path } = source;
  // The hook comes first: it may rename what an older version of the model saved.
  await hooks.on_load_checkpoint?.(checkpoint);
  assignState(module.stateDict(), checkpoint, path);
  const { datamodule }: DataModuleState = checkpoint.extra ?? {};
  if (datamodule !== undefined) data.loadStateDict(datamodule);
  await callbacks.call('on_load_checkpoint', [checkpoint]);
  callbacks.loadStateDict(checkpoint.callbacks);
}

/** Where a resumed fit goes on. */
export interface ResumePoint {
  progress: FitProgress;
  epoch: EpochState | undefined;
}

/** Restores optimizers, schedulers and random numbers, and tells where to go on. */
export function restoreTraining(
  { optimizers, lrSchedulers }: OptimizersInForce,
  session: Session,
  { checkpoint, path }: CheckpointSource,
): ResumePoint {
  const { module } = session;
  const { scalars, tensors } = checkpoint.optimizerStates;
  if (scalars.length === 0) {
    throw new PLError('PL5014', `${path} holds weights only, training cannot be resumed from it.`, {
      hint: 'Resume from a checkpoint that was saved without saveWeightsOnly, or start anew.',
    });
  }
  requireCount(path, 'optimizers', scalars.length, optimizers.length);
  requireCount(path, 'learning-rate schedulers', checkpoint.lrSchedulers.length, lrSchedulers.length);
  const variables = module.stateDict();
  for (const [i, optimizer] of optimizers.entries()) {
    const slots = slotsOf(tensors, i);
    const gradients = takeGradients(slots);
    const state = { tensors: slots, scalars: scalars[i] as RestorableOptimizerState['scalars'] };
    optimizer.loadStateDict(state, (name) => variables.get(name));
    for (const [name, { data, shape, dtype }] of gradients) {
      setGrad(variables.get(name)!, tf.tensor(data, shape, dtype));
    }
  }
  for (const [i, { scheduler }] of lrSchedulers.entries()) {
    scheduler.loadStateDict(checkpoint.lrSchedulers[i] as LRSchedulerState);
  }
  const precision = checkpoint.extra?.[PRECISION_KEY];
  if (precision !== undefined) session.precision.loadStateDict(precision as GradScalerState);
  const own = ownState(session, { checkpoint, path });
  if (own.rng !== undefined) restoreRngState(own.rng);
  const { fit } = checkpoint.loops as LoopsState;
  return { progress: fit, epoch: own.epoch && own.loader && { ...own.epoch, loader: own.loader } };
}

/** What the checkpoint holds for this process, or may stand for it. */
function ownState(session: Session, { checkpoint, path }: CheckpointSource): Partial<RankState> {
  const { epoch, worldSize = 1, ranks } = checkpoint.loops as LoopsState;
  const { train } = checkpoint.samplers as SamplersState;
  const first = { rng: checkpoint.rng, ...(train && { loader: train }), ...(epoch && { epoch }) };
  const { strategy } = session;
  if (worldSize !== strategy.worldSize && epoch?.open) {
    session.warn(
      `${path} is from the middle of an epoch in ${worldSize} processes; in ${strategy.worldSize} it goes on after the same number of batches, which are others.`,
    );
  }
  if (strategy.globalRank === 0) return first;
  const own = worldSize === strategy.worldSize ? ranks?.[strategy.globalRank] : undefined;
  // The same place in the data. Metrics that the first process has counted are not counted twice.
  return own ?? { ...(train && { loader: train }), ...(epoch && { epoch: { ...epoch, results: [] } }) };
}

function requireCount(path: string, what: string, saved: number, present: number): void {
  if (saved === present) return;
  throw new PLError('PL5021', `${path} holds the state of ${saved} ${what}, but the module has ${present}.`, {
    hint: "Return from 'configure_optimizers' what it returned when the checkpoint was written.",
  });
}

/** Moves the gradients of an open accumulation window out of the slots, by parameter. */
function takeGradients(slots: Slots): Map<string, TensorData> {
  const gradients = new Map<string, TensorData>();
  for (const [param, { [GRADIENT_SLOT]: gradient, ...rest }] of Object.entries(slots)) {
    if (gradient === undefined) continue;
    gradients.set(param, gradient);
    slots[param] = rest;
  }
  return gradients;
}
