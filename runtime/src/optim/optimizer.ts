import { hostView, ownHostView } from '../engines/host-memory.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { clearGrads, gradOf } from './gradients.js';
import {
  matchGroups,
  misfit,
  type OptimizerStateDict,
  type RestorableOptimizerState,
  slotValues,
} from './optimizer-state.js';
import { type OptionRules, withOptions } from './options.js';
import { StateTensor } from './state-tensor.js';

export interface OptimizerOptions {
  /** Learning rate. */
  lr: number;
}

/** Parameters that share options. `lr` and the optimizer's own options may be changed between steps. */
export type ParamGroup<O extends OptimizerOptions = OptimizerOptions> = O & {
  params: tf.Variable[];
  /** The learning rate that the group began with: what schedules are relative to. */
  initialLr: number;
  /** Shown where learning rates are logged. */
  name?: string;
};

/** A group as it is given: what is left out comes from the optimizer's options. */
export type ParamGroupInit<O extends OptimizerOptions = OptimizerOptions> = Partial<O> & {
  params: readonly tf.Variable[];
  name?: string;
};

export type OptimizerParams<O extends OptimizerOptions = OptimizerOptions> =
  | readonly tf.Variable[]
  | readonly ParamGroupInit<O>[];

/** Float arrays that an update reads and writes: float32 in training, float64 where a test wants precision. */
export type Values = Float32Array | Float64Array;

/** Numbers of state that one parameter has, such as its `step` count. */
export type ParamScalars = { step: number } & Record<string, number>;

/** Everything an optimizer remembers about one parameter. */
export interface ParamState {
  scalars: ParamScalars;
  tensors: Record<string, StateTensor>;
  /** The memory of `tensors`, by the same names. */
  values: Record<string, Float32Array>;
}

export interface OptimizerDefinition<O extends OptimizerOptions> {
  /** The name in checkpoints and errors. */
  type: string;
  defaults: O;
  rules: OptionRules<O>;
  /** What is wrong with a combination of options, if anything. */
  conflict?(options: O): string | undefined;
}

/**
 * What all optimizers share: parameter groups, state in place, the closure's protocol, checkpoints. A subclass
 * names its state tensors and computes one parameter's update.
 *
 * Variables are written in place on engines that keep tensors in host memory: arrays that `dataSync()` gave
 * before a step change with it. Clones do not.
 */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  readonly type: string;
  readonly defaults: Readonly<O>;
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly #definition: OptimizerDefinition<O>;
  readonly #state = new Map<tf.Variable, ParamState>();

  /**
   * @throws PLError PL7003 or PL7004 for a wrong option, PL7005 for parameters that are no float32 variables, are
   * empty or appear twice.
   */
  protected constructor(
    definition: OptimizerDefinition<O>,
    params: OptimizerParams<O>,
    options: Partial<O> = {},
  ) {
    this.#definition = definition;
    this.type = definition.type;
    this.defaults = this.#resolve(this.type, definition.defaults, options);
    for (const group of asGroups(this.type, params)) this.addParamGroup(group);
  }

  /** Adds parameters with options of their own, for example when layers are unfrozen during training. */
  addParamGroup(init: ParamGroupInit<O>): void {
    const owner =
      this.paramGroups.length === 0 ? this.type : `${this.type}, param group ${this.paramGroups.length}`;
    const { params, name, ...overrides } = init;
    const options = this.#resolve(owner, this.defaults, overrides as unknown as Partial<O>);
    checkParams(owner, params);
    const taken = new Set(this.#state.keys());
    for (const v of params) {
      if (taken.has(v)) throw new PLError('PL7005', `${owner}: variable '${v.name}' appears more than once`);
      taken.add(v);
    }
    const group = {
      ...options,
      params: [...params],
      initialLr: options.lr,
      ...(name !== undefined && { name }),
    };
    this.paramGroups.push(group);
    for (const v of group.params) this.#stateOf(v, group);
  }

  /** Empties the gradient slots of all parameters. */
  zeroGrad(): void {
    for (const group of this.paramGroups) clearGrads(group.params);
  }

  /**
   * Updates every parameter that has a gradient. Parameters without one, and their state, stay as they are.
   *
   * @param closure computes the loss and the gradients anew; it runs before the update.
   * @returns what the closure returned.
   */
  step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined {
    const loss = closure?.();
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const grad = gradOf(param);
        if (grad !== undefined) this.#updateParam(param, grad, group);
      }
    }
    return loss;
  }

  /**
   * One parameter's step: all of the optimizer's arithmetic, in double precision between loads and stores.
   *
   * @param param values of the parameter, updated in place
   * @param grad its gradient, left as it is
   * @param state the tensors that `slots` named, updated in place
   * @param scalars updated in place
   */
  abstract update(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    scalars: ParamScalars,
    group: Readonly<O>,
  ): void;

  /** Names of the state tensors that a parameter of this group needs, with the value they start from. */
  protected abstract slots(group: Readonly<O>): Readonly<Record<string, number>>;

  /** Numbers that a parameter's state starts from. */
  protected initialScalars(): ParamScalars {
    return { step: 0 };
  }

  /**
   * The optimizer's state under the names that `nameOf` gives to parameters. The tensors are the live ones: copy
   * them before the next step, and do not dispose them.
   */
  stateDict(nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    const dict: OptimizerStateDict = {
      tensors: {},
      scalars: {
        type: this.type,
        state: {},
        param_groups: this.paramGroups.map(({ params, ...options }) => ({
          ...options,
          params: params.map(nameOf),
        })),
      },
    };
    for (const [v, { tensors, scalars }] of this.#state) {
      const name = nameOf(v);
      dict.scalars.state[name] = { ...scalars };
      dict.tensors[name] = Object.fromEntries(
        Object.entries(tensors).map(([slot, state]) => [slot, state.tensor()]),
      );
    }
    return dict;
  }

  /**
   * Takes over a state that `stateDict` gave, learning rates and other options included. Nothing changes when it
   * does not fit.
   *
   * @throws PLError PL7006 when it belongs to another optimizer, other parameters or other shapes.
   */
  loadStateDict(
    state: RestorableOptimizerState,
    variableOf: (name: string) => tf.Variable | undefined,
  ): void {
    const restored = matchGroups(this.type, this.paramGroups, state, variableOf).map(
      ({ saved, params }, i) => {
        const { initialLr, name: _, ...rest } = saved;
        const options = this.#resolve(
          `${this.type}, saved param group ${i}`,
          this.defaults,
          rest as Partial<O>,
        );
        if (typeof initialLr !== 'number') throw misfit(`its param group ${i} has no initialLr`);
        const states = params.map(({ name, variable }) => ({
          variable,
          scalars: this.#restoreScalars(state.scalars.state[name], name),
          values: Object.keys(this.slots(options)).map(
            (slot) => [slot, slotValues(state, name, slot, variable.shape)] as const,
          ),
        }));
        return { options, initialLr, states };
      },
    );

    restored.forEach(({ options, initialLr, states }, i) => {
      const group = Object.assign(this.paramGroups[i]!, options, { initialLr });
      for (const { variable, scalars, values } of states) {
        const own = this.#stateOf(variable, group);
        own.scalars = scalars;
        for (const [slot, data] of values) own.values[slot]!.set(data);
      }
    });
  }

  /** Frees the state. Variables and gradients belong to others and stay. */
  dispose(): void {
    for (const { tensors } of this.#state.values()) {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
    this.#state.clear();
    this.paramGroups.length = 0;
  }

  #resolve(owner: string, base: O, given: Partial<O>): O {
    const options = withOptions(owner, base, given, this.#definition.rules);
    const conflict = this.#definition.conflict?.(options);
    if (conflict !== undefined) throw new PLError('PL7003', `${owner}: ${conflict}`);
    return options;
  }

  /** The state of a parameter, with every slot that the group's options ask for by now. */
  #stateOf(v: tf.Variable, group: Readonly<O>): ParamState {
    let state = this.#state.get(v);
    if (state === undefined) {
      state = { scalars: this.initialScalars(), tensors: {}, values: {} };
      this.#state.set(v, state);
    }
    const slots = this.slots(group);
    for (const slot in slots) {
      if (state.values[slot] !== undefined) continue;
      const tensor = new StateTensor(v.shape, slots[slot]!);
      state.tensors[slot] = tensor;
      state.values[slot] = tensor.values;
    }
    return state;
  }

  #updateParam(param: tf.Variable, grad: tf.Tensor, group: ParamGroup<O>): void {
    const { values, scalars } = this.#stateOf(param, group);
    const gradValues = (hostView(grad) ?? grad.dataSync()) as Float32Array;
    const live = ownHostView(param) as Float32Array | undefined;
    if (live !== undefined) {
      this.update(live, gradValues, values, scalars, group);
      return;
    }
    const copy = Float32Array.from(param.dataSync());
    this.update(copy, gradValues, values, scalars, group);
    tf.tidy(() => param.assign(tf.tensor(copy, param.shape, 'float32')));
  }

  #restoreScalars(saved: Record<string, number> | undefined, name: string): ParamScalars {
    const scalars = this.initialScalars();
    for (const key of Object.keys(scalars)) {
      const value = saved?.[key];
      if (typeof value !== 'number') throw misfit(`it lacks ${key} of '${name}'`);
      scalars[key] = value;
    }
    return scalars;
  }
}

function asGroups<O extends OptimizerOptions>(
  type: string,
  params: OptimizerParams<O>,
): readonly ParamGroupInit<O>[] {
  if (!Array.isArray(params)) {
    throw new PLError(
      'PL7005',
      `${type} needs a list of variables or of param groups, got ${describe(params)}`,
      {
        hint: "Pass the model's parameters as a list.",
      },
    );
  }
  if (params.length === 0) throw new PLError('PL7005', `${type} got an empty list of parameters`);
  const areGroups = params.every(
    (entry) => isRecord(entry) && !(entry instanceof tf.Tensor) && 'params' in entry,
  );
  return areGroups
    ? (params as readonly ParamGroupInit<O>[])
    : [{ params: params as readonly tf.Variable[] } as ParamGroupInit<O>];
}

function checkParams(owner: string, params: readonly unknown[]): asserts params is readonly tf.Variable[] {
  if (!Array.isArray(params)) {
    throw new PLError('PL7005', `${owner}: params must be a list of variables, got ${describe(params)}`);
  }
  for (const v of params) {
    if (!(v instanceof tf.Variable) || v.dtype !== 'float32') {
      throw new PLError('PL7005', `${owner}: parameters must be float32 variables, got ${describe(v)}`);
    }
  }
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function describe(value: unknown): string {
  if (value instanceof tf.Variable) return `the ${value.dtype} variable '${value.name}'`;
  if (value instanceof tf.Tensor) return `a ${value.dtype} tensor of shape [${value.shape}]`;
  if (value === null) return 'null';
  return isRecord(value) ? `an object of ${value.constructor?.name ?? 'no class'}` : typeof value;
}
