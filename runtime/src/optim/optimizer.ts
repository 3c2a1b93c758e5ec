import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { clearGrads } from './gradients.js';
import {
  matchGroups,
  misfit,
  type OptimizerScalars,
  type OptimizerStateDict,
  type RestorableOptimizerState,
} from './optimizer-state.js';
import { type OptionRules, withOptions } from './options.js';

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

export interface OptimizerDefinition<O extends OptimizerOptions> {
  /** The name in checkpoints and errors. */
  type: string;
  defaults: O;
  rules: OptionRules<O>;
  /** What is wrong with a combination of options, if anything. */
  conflict?(options: O): string | undefined;
}

/** A saved parameter group that fits one of the optimizer's own. */
export interface RestoredGroup<O extends OptimizerOptions> {
  options: O;
  initialLr: number;
  params: { name: string; variable: tf.Variable }[];
}

/** A part of an optimizer's parameters, where several processes divide them. */
export interface Shard {
  /** Whether this process keeps the parameter's state and updates it. Asked in the same order in all processes. */
  owns(param: tf.Variable): boolean;
  /** Called after the own parameters were updated, to bring in the others. */
  onUpdated(): void;
}

/** What all optimizers share: parameter groups, the closure's protocol, checkpoints. */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  readonly type: string;
  readonly defaults: Readonly<O>;
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly #definition: OptimizerDefinition<O>;

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
    for (const group of asGroups(this.type, params)) this.#addGroup(group);
  }

  /** Adds parameters with options of their own, for example when layers are unfrozen during training. */
  addParamGroup(init: ParamGroupInit<O>): void {
    this.#addGroup(init);
  }

  /** Whether steps depend on the value of the loss, not on gradients alone. */
  readonly usesLoss: boolean = false;

  /** Limits the optimizer to a part of its parameters; left out where they cannot be updated one by one. */
  shard?(shard: Shard): void;

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
  abstract step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined;

  /**
   * The optimizer's state under the names that `nameOf` gives to parameters. The tensors are the live ones: copy
   * them before the next step, and do not dispose them.
   */
  abstract stateDict(nameOf: (v: tf.Variable) => string): OptimizerStateDict;

  /**
   * Takes over a state that `stateDict` gave, learning rates and other options included. Nothing changes when it
   * does not fit.
   *
   * @throws PLError PL7006 when it belongs to another optimizer, other parameters or other shapes.
   */
  abstract loadStateDict(
    state: RestorableOptimizerState,
    variableOf: (name: string) => tf.Variable | undefined,
  ): void;

  /** Frees the state. Variables and gradients belong to others and stay. */
  abstract dispose(): void;

  protected describeGroups(nameOf: (v: tf.Variable) => string): OptimizerScalars['param_groups'] {
    return this.paramGroups.map(({ params, ...options }) => ({ ...options, params: params.map(nameOf) }));
  }

  /** The saved groups, checked against the optimizer's own; `adoptGroups` puts them in force. */
  protected readGroups(
    state: RestorableOptimizerState,
    variableOf: (name: string) => tf.Variable | undefined,
  ): RestoredGroup<O>[] {
    return matchGroups(this.type, this.paramGroups, state, variableOf).map(({ saved, params }, i) => {
      const { lr, initialLr, name: _, ...rest } = saved;
      if (typeof initialLr !== 'number') throw misfit(`its param group ${i} has no initialLr`);
      if (typeof lr !== 'number') throw misfit(`its param group ${i} has no lr`);
      const owner = `${this.type}, saved param group ${i}`;
      // Some schedules leave a rate below 0 after their last step, which nobody could have asked for.
      const options = { ...this.#resolve(owner, this.defaults, rest as Partial<O>), lr };
      return { options, initialLr, params };
    });
  }

  protected adoptGroups(restored: readonly RestoredGroup<O>[]): void {
    restored.forEach(({ options, initialLr }, i) => {
      Object.assign(this.paramGroups[i]!, options, { initialLr });
    });
  }

  #addGroup(init: ParamGroupInit<O>): void {
    const index = this.paramGroups.length;
    const owner = index === 0 ? this.type : `${this.type}, param group ${index}`;
    const { params, name, ...overrides } = init;
    const options = this.#resolve(owner, this.defaults, overrides as unknown as Partial<O>);
    checkParams(owner, params);
    const taken = new Set(this.paramGroups.flatMap((group) => group.params));
    for (const v of params) {
      if (taken.has(v)) throw new PLError('PL7005', `${owner}: variable '${v.name}' appears more than once`);
      taken.add(v);
    }
    this.paramGroups.push({
      ...options,
      params: [...params],
      initialLr: options.lr,
      ...(name !== undefined && { name }),
    });
  }

  #resolve(owner: string, base: O, given: Partial<O>): O {
    const options = withOptions(owner, base, given, this.#definition.rules);
    const conflict = this.#definition.conflict?.(options);
    if (conflict !== undefined) throw new PLError('PL7003', `${owner}: ${conflict}`);
    return options;
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
