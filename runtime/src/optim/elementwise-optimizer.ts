import { ownHostView, peekHostView } from '../engines/host-memory.js';
import * as tf from '../tf.js';
import { engineStepFor, type ParamUpdate } from './engine-step.js';
import { gradOf } from './gradients.js';
import {
  Optimizer,
  type OptimizerDefinition,
  type OptimizerOptions,
  type OptimizerParams,
  type ParamGroup,
  type ParamGroupInit,
  type Shard,
} from './optimizer.js';
import {
  misfit,
  type OptimizerStateDict,
  type RestorableOptimizerState,
  slotValues,
} from './optimizer-state.js';
import { StateTensor } from './state-tensor.js';

/** Float arrays that an update reads and writes: float32 in training, float64 where a test wants precision. */
export type Values = Float32Array | Float64Array;

/** Numbers of state that one parameter has, such as its `step` count. */
export type ParamScalars = { step: number } & Record<string, number>;

/** What one step of one parameter is made of besides the tensors. */
export type StepFactors = Readonly<Record<string, number>>;

/** Everything an optimizer remembers about one parameter. */
interface ParamState {
  scalars: ParamScalars;
  tensors: Record<string, StateTensor>;
  /** The memory of `tensors`, by the same names, while the host takes the steps. */
  values: Record<string, Float32Array> | undefined;
}

/**
 * An optimizer that updates each element of a parameter from that element's gradient and state. A subclass names
 * its state tensors, works out the numbers of a step, and applies them to one parameter; engines that can, apply them
 * to all parameters at once. State is made with the optimizer and written in place.
 *
 * Variables are written in place too on engines that keep tensors in host memory: arrays that `dataSync()` gave
 * before a step change with it. Clones do not.
 */
export abstract class ElementwiseOptimizer<
  O extends OptimizerOptions = OptimizerOptions,
  Factors extends StepFactors = StepFactors,
> extends Optimizer<O> {
  readonly #state = new Map<tf.Variable, ParamState>();
  #shard: Shard | undefined;

  /** @throws PLError as {@link Optimizer} does. */
  protected constructor(
    definition: OptimizerDefinition<O>,
    params: OptimizerParams<O>,
    options: Partial<O> = {},
  ) {
    super(definition, params, options);
    for (const group of this.paramGroups) for (const v of group.params) this.#stateOf(v, group);
  }

  override addParamGroup(init: ParamGroupInit<O>): void {
    super.addParamGroup(init);
    const group = this.paramGroups.at(-1)!;
    for (const v of group.params) if (this.#owns(v)) this.#stateOf(v, group);
  }

  override shard(shard: Shard): void {
    this.#shard = shard;
    for (const [v, { tensors }] of this.#state) {
      if (this.#owns(v)) continue;
      for (const tensor of Object.values(tensors)) tensor.dispose();
      this.#state.delete(v);
    }
  }

  #owns(param: tf.Variable): boolean {
    return this.#shard === undefined || this.#shard.owns(param);
  }

  override step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined {
    const loss = closure?.();
    const onEngine = engineStepFor(this.type);
    for (const group of this.paramGroups) {
      if (onEngine === undefined) this.#stepOnHost(group);
      else onEngine.run(this.type, this.#updatesOf(group));
    }
    this.#shard?.onUpdated();
    return loss;
  }

  /**
   * One parameter's step on the host, in double precision between loads and stores.
   *
   * @param param values of the parameter, updated in place
   * @param grad its gradient, left as it is
   * @param state the tensors that `slots` named, updated in place
   * @param scalars updated in place
   */
  update(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    scalars: ParamScalars,
    group: Readonly<O>,
  ): void {
    this.apply(param, grad, state, this.factors(scalars, group));
  }

  /** The numbers of a parameter's next step, in double precision. Counts the step in `scalars`. */
  protected abstract factors(scalars: ParamScalars, group: Readonly<O>): Factors;

  /** Updates `param` and `state` in place. An engine's own step does the same arithmetic in float32. */
  protected abstract apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    factors: Factors,
  ): void;

  /** Names of the state tensors that a parameter of this group needs, with the value they start from. */
  protected abstract slots(group: Readonly<O>): Readonly<Record<string, number>>;

  /** Numbers that a parameter's state starts from. */
  protected initialScalars(): ParamScalars {
    return { step: 0 };
  }

  override stateDict(nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    const dict: OptimizerStateDict = {
      tensors: {},
      scalars: { type: this.type, state: {}, param_groups: this.describeGroups(nameOf) },
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

  override loadStateDict(
    state: RestorableOptimizerState,
    variableOf: (name: string) => tf.Variable | undefined,
  ): void {
    const groups = this.readGroups(state, variableOf);
    const restored = groups.map(({ options, params }) =>
      params
        .filter(({ variable }) => this.#owns(variable))
        .map(({ name, variable }) => ({
          variable,
          scalars: this.#readScalars(state, name),
          values: Object.keys(this.slots(options)).map(
            (slot) => [slot, slotValues(state, name, slot, variable.shape)] as const,
          ),
        })),
    );
    this.adoptGroups(groups);
    restored.forEach((params, i) => {
      for (const { variable, scalars, values } of params) {
        const own = this.#stateOf(variable, this.paramGroups[i]!);
        own.scalars = scalars;
        for (const [slot, data] of values) own.tensors[slot]!.values.set(data);
        own.values = undefined;
      }
    });
  }

  override dispose(): void {
    for (const { tensors } of this.#state.values()) {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
    this.#state.clear();
  }

  /** The state of a parameter, with every slot that the group's options ask for by now. */
  #stateOf(v: tf.Variable, group: Readonly<O>): ParamState {
    let state = this.#state.get(v);
    if (state === undefined) {
      state = { scalars: this.initialScalars(), tensors: {}, values: undefined };
      this.#state.set(v, state);
    }
    const slots = this.slots(group);
    for (const slot in slots) {
      if (state.tensors[slot] !== undefined) continue;
      state.tensors[slot] = new StateTensor(v.shape, slots[slot]!);
      state.values = undefined;
    }
    return state;
  }

  #updatesOf(group: ParamGroup<O>): ParamUpdate[] {
    const updates: ParamUpdate[] = [];
    for (const param of group.params) {
      const grad = gradOf(param);
      if (grad === undefined || !this.#owns(param)) continue;
      const own = this.#stateOf(param, group);
      own.values = undefined;
      const state: Record<string, tf.Tensor> = {};
      for (const slot in own.tensors) state[slot] = own.tensors[slot]!.forEngine();
      updates.push({ param, grad, state, factors: this.factors(own.scalars, group) });
    }
    return updates;
  }

  #stepOnHost(group: ParamGroup<O>): void {
    for (const param of group.params) {
      const grad = gradOf(param);
      if (grad !== undefined && this.#owns(param)) this.#updateParam(param, grad, group);
    }
  }

  #updateParam(param: tf.Variable, grad: tf.Tensor, group: Readonly<O>): void {
    const state = this.#stateOf(param, group);
    const { scalars, tensors } = state;
    state.values ??= Object.fromEntries(
      Object.entries(tensors).map(([slot, tensor]) => [slot, tensor.values]),
    );
    const { values } = state;
    const gradValues = (peekHostView(grad) ?? grad.dataSync()) as Float32Array;
    const live = ownHostView(param) as Float32Array | undefined;
    if (live !== undefined) {
      this.update(live, gradValues, values, scalars, group);
      return;
    }
    const copy = Float32Array.from(param.dataSync());
    this.update(copy, gradValues, values, scalars, group);
    tf.tidy(() => param.assign(tf.tensor(copy, param.shape, 'float32')));
  }

  #readScalars({ scalars }: RestorableOptimizerState, name: string): ParamScalars {
    const restored = this.initialScalars();
    for (const key of Object.keys(restored)) {
      const value = scalars.state[name]?.[key];
      if (typeof value !== 'number') throw misfit(`it lacks ${key} of '${name}'`);
      restored[key] = value;
    }
    return restored;
  }
}
