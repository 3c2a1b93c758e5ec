import { assignState } from '../checkpoint/assign-state.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.js';
import { tensorData } from '../checkpoint/copy-tensor.js';
import { slotsOf, slotTensors } from '../checkpoint/optimizer-slots.js';
import { runtimeVersion } from '../checkpoint/runtime-version.js';
import type { TensorData } from '../checkpoint/tensor-data.js';
import { PLError } from '../errors/pl-error.js';
import { namedVariables } from '../module/named-variables.js';
import { Optimizer } from '../optim/optimizer.js';
import type { OptimizerScalars } from '../optim/optimizer-state.js';
import { paramsOf } from '../optim/params-of.js';
import type { Strategy } from '../strategies/strategy.js';
import * as tf from '../tf.js';
import { FabricOptimizer } from './fabric-optimizer.js';
import { FabricTfjsOptimizer } from './tfjs-optimizer.js';

/** What `save` leaves beside the tensors. */
interface SavedFabric {
  /** The entries that are optimizers, in the order of the checkpoint's. */
  optimizers: string[];
  /** What the entries with a `stateDict` gave. */
  objects: Record<string, unknown>;
  values: Record<string, unknown>;
}

/** A learning-rate scheduler and its like. */
interface Stateful {
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
}

/** The entries of a state by what is done with them. */
class Entries {
  readonly models: Record<string, object> = {};
  readonly optimizers: Record<string, Optimizer | tf.Optimizer> = {};
  readonly objects: Record<string, Stateful> = {};
  readonly values: Record<string, unknown> = {};

  constructor(state: Readonly<Record<string, unknown>>) {
    for (const [name, entry] of Object.entries(state)) {
      const inner = innerOf(entry);
      if (inner instanceof Optimizer || inner instanceof tf.Optimizer)
        this.optimizers[name] = inner as Optimizer | tf.Optimizer;
      // Before models: a scheduler holds its optimizer, and so the parameters.
      else if (isStateful(inner)) this.objects[name] = inner;
      else if (holdsVariables(inner)) this.models[name] = inner;
      else this.values[name] = inner;
    }
  }

  /** All variables by entry and path. */
  get variables(): Map<string, tf.Variable> {
    return namedVariables(this.models);
  }
}

function innerOf(entry: unknown): unknown {
  return entry instanceof FabricOptimizer || entry instanceof FabricTfjsOptimizer ? entry.optimizer : entry;
}

export async function saveState(
  path: string,
  state: Readonly<Record<string, unknown>>,
  strategy: Strategy,
): Promise<void> {
  const entries = new Entries(state);
  const { variables } = entries;
  const names = namesOf(variables);
  const tensors = new Map<string, TensorData>();
  const scalars: unknown[] = [];
  for (const [i, optimizer] of Object.values(entries.optimizers).entries()) {
    const saved =
      optimizer instanceof Optimizer
        ? strategy.optimizerState(optimizer, names(optimizer))
        : await tfjsState(optimizer);
    for (const [name, tensor] of slotTensors(saved.tensors, i)) tensors.set(name, tensor);
    scalars.push(saved.scalars);
  }
  const objects = Object.entries(entries.objects).map(
    ([name, object]) => [name, object.stateDict()] as const,
  );
  const fabric: SavedFabric = {
    optimizers: Object.keys(entries.optimizers),
    objects: Object.fromEntries(objects),
    values: entries.values,
  };
  const checkpoint: Checkpoint = {
    stateDict: new Map(Array.from(variables, ([name, variable]) => [name, tensorData(variable)])),
    optimizerStates: { tensors, scalars },
    epoch: 0,
    globalStep: 0,
    plVersion: runtimeVersion,
    loops: null,
    callbacks: {},
    lrSchedulers: [],
    hyperParameters: {},
    rng: null,
    samplers: null,
    extra: { fabric },
  };
  if (strategy.isGlobalZero) await writeCheckpoint(path, checkpoint);
  strategy.barrier();
}

export async function loadState(
  path: string,
  state: Readonly<Record<string, unknown>>,
  strict: boolean,
): Promise<Record<string, unknown>> {
  const checkpoint = await readCheckpoint(path);
  const saved = savedFabric(checkpoint, path);
  const entries = new Entries(state);
  const { variables } = entries;
  if (variables.size > 0) assignState(variables, checkpoint, path, { strict });
  const named = variablesByName(variables);
  for (const [name, optimizer] of Object.entries(entries.optimizers)) {
    const i = saved.optimizers.indexOf(name);
    if (i === -1) {
      if (strict) throw missing(path, 'optimizer', name);
      continue;
    }
    const slots = slotsOf(checkpoint.optimizerStates.tensors, i);
    const scalars = checkpoint.optimizerStates.scalars[i];
    if (optimizer instanceof Optimizer) {
      optimizer.loadStateDict({ tensors: slots, scalars: scalars as OptimizerScalars }, named(optimizer));
    } else await restoreTfjs(optimizer, slots, scalars as TfjsScalars, path, name);
  }
  for (const [name, object] of Object.entries(entries.objects)) {
    if (name in saved.objects) object.loadStateDict(saved.objects[name]);
    else if (strict) throw missing(path, 'state', name);
  }
  const rest = Object.entries(saved.objects).filter(([name]) => !(name in entries.objects));
  return { ...saved.values, ...Object.fromEntries(rest) };
}

/** The state of an optimizer of tfjs: a list of tensors with names. */
interface TfjsScalars {
  type: string;
  weights: string[];
}

async function tfjsState(optimizer: tf.Optimizer) {
  const weights = await optimizer.getWeights();
  const tensors = weights.map(({ tensor }, i) => [`${i}`, { value: tensor }] as const);
  const scalars: TfjsScalars = {
    type: `tfjs ${optimizer.getClassName()}`,
    weights: weights.map(({ name }) => name),
  };
  return { tensors: Object.fromEntries(tensors), scalars };
}

async function restoreTfjs(
  optimizer: tf.Optimizer,
  slots: Record<string, Record<string, TensorData>>,
  { type, weights }: TfjsScalars,
  path: string,
  entry: string,
): Promise<void> {
  const own = `tfjs ${optimizer.getClassName()}`;
  if (type !== own) {
    throw new PLError(
      'PL8403',
      `'${entry}' in ${path} is the state of ${type}, but the optimizer is ${own}.`,
      {
        hint: 'Load it into an optimizer of the same class.',
      },
    );
  }
  await optimizer.setWeights(
    weights.map((name, i) => {
      const { data, shape, dtype } = slots[i]!.value!;
      return { name, tensor: tf.tensor(data, shape, dtype) };
    }),
  );
}

/** Names for an optimizer's parameters: their paths, or their places where no model of the state has them. */
function namesOf(variables: ReadonlyMap<string, tf.Variable>) {
  const names = new Map(Array.from(variables, ([name, variable]) => [variable, name]));
  return (optimizer: Optimizer) => {
    const places = paramsOf(optimizer);
    return (variable: tf.Variable) => names.get(variable) ?? `#${places.indexOf(variable)}`;
  };
}

function variablesByName(variables: ReadonlyMap<string, tf.Variable>) {
  return (optimizer: Optimizer) => {
    const places = paramsOf(optimizer);
    return (name: string) =>
      variables.get(name) ?? (/^#\d+$/.test(name) ? places[Number(name.slice(1))] : undefined);
  };
}

function savedFabric({ extra }: Checkpoint, path: string): SavedFabric {
  const saved = extra?.fabric as SavedFabric | undefined;
  if (saved !== undefined) return saved;
  throw new PLError('PL8403', `${path} was not written by fabric.save.`, {
    hint: 'Read a checkpoint of the trainer with readCheckpoint or loadFromCheckpoint.',
  });
}

function missing(path: string, what: string, name: string): PLError {
  return new PLError('PL8403', `${path} holds no ${what} '${name}'.`, {
    hint: 'Save it under this name, leave it out, or load with strict: false.',
  });
}

function holdsVariables(value: unknown): value is object {
  return isObject(value) && namedVariables([value]).size > 0;
}

function isStateful(value: unknown): value is Stateful {
  return (
    isObject(value) &&
    'stateDict' in value &&
    typeof value.stateDict === 'function' &&
    'loadStateDict' in value &&
    typeof value.loadStateDict === 'function'
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
