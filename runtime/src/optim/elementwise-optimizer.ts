import { ownHostView, peekHostView } from '../engines/host-memory.js';
import * as tf from '../tf.js';
import { gradOf } from './gradients.js';
import {
  Optimizer,
  type OptimizerDefinition,
  type OptimizerOptions,
  type OptimizerParams,
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

/** Everything an optimizer remembers about one parameter. */
export interface ParamState {
  scalars: ParamScalars;
  tensors: Record<string, StateTensor>;
  /** The memory of `tensors`, by the same names. */
  values: Record<string, Float32Array>;
}

/**
 * An optimizer that updates each element of a parameter from that element's gradient and state. A subclass names
 * its state tensors and computes one parameter's update; state is made with the optimizer and written in place.
 *
 * Variables are written in place too on engines that keep tensors in host memory: arrays that `dataSync()` gave
 * before a step change with it. Clones do not.
 */
export abstract class ElementwiseOptimizer<
  O extends OptimizerOptions = OptimizerOptions,
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
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const grad = gradOf(param);
        if (grad !== undefined && this.#owns(param)) this.#updateParam(param, grad, group);
      }
    }
    this.#shard?.onUpdated();
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
        for (const [slot, data] of values) own.values[slot]!.set(data);
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

  #updateParam(param: tf.Variable, grad: tf.Tensor, group: Readonly<O>): void {
    const { values, scalars } = this.#stateOf(param, group);
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
