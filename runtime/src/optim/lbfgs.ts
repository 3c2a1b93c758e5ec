import { ownHostView, peekHostView } from '../engines/host-memory.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import type { Values } from './elementwise-optimizer.js';
import { gradOf } from './gradients.js';
import { iterate, type LBFGSOptions } from './lbfgs-iterations.js';
import type { Correction, LimitedMemory } from './limited-memory.js';
import { Optimizer, type OptimizerParams, type ParamGroupInit } from './optimizer.js';
import {
  misfit,
  type OptimizerStateDict,
  type RestorableOptimizerState,
  slotValues,
} from './optimizer-state.js';
import { nonNegative, oneOf, positiveInteger } from './options.js';
import { StateTensor } from './state-tensor.js';

export type { LBFGSOptions } from './lbfgs-iterations.js';

/**
 * L-BFGS for full batches: Liu & Nocedal, "On the Limited Memory BFGS Method for Large Scale Optimization" (1989),
 * in PyTorch's variant. `step` evaluates its closure several times; all parameters form one vector and one group.
 * Remembers `historySize` pairs of vectors as long as all parameters together, made as they are needed.
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  override readonly usesLoss = true;
  readonly #size: number;
  readonly #state: LimitedMemory;
  readonly #tensors: { d: StateTensor; prev_flat_grad: StateTensor };
  /** The tensors behind each pair of the history. */
  readonly #pairs = new Map<Correction, { old_dirs: StateTensor; old_stps: StateTensor }>();

  constructor(params: OptimizerParams<LBFGSOptions>, options: Partial<LBFGSOptions> = {}) {
    super(
      {
        type: 'LBFGS',
        defaults: {
          lr: 1,
          maxIter: 20,
          maxEval: null,
          toleranceGrad: 1e-7,
          toleranceChange: 1e-9,
          historySize: 100,
          lineSearchFn: null,
        },
        rules: {
          lr: nonNegative,
          maxIter: positiveInteger,
          maxEval: {
            wanted: 'an integer of at least 1 or null',
            accepts: (value) => value === null || positiveInteger.accepts(value),
          },
          toleranceGrad: nonNegative,
          toleranceChange: nonNegative,
          historySize: positiveInteger,
          lineSearchFn: oneOf('strong_wolfe', null),
        },
      },
      params,
      options,
    );
    if (this.paramGroups.length !== 1) throw oneGroupOnly();
    this.#size = this.#params.reduce((size, v) => size + v.size, 0);
    this.#tensors = { d: this.#vector(), prev_flat_grad: this.#vector() };
    this.#state = {
      iterations: 0,
      evaluations: 0,
      direction: this.#tensors.d.values,
      previousGrad: this.#tensors.prev_flat_grad.values,
      previousLoss: 0,
      stepLength: 0,
      scale: 1,
      corrections: [],
    };
  }

  /** @throws PLError PL7005: all parameters form one vector. */
  override addParamGroup(_: ParamGroupInit<LBFGSOptions>): void {
    throw oneGroupOnly();
  }

  /**
   * @param closure clears the gradients, computes the loss and the gradients, and returns the loss. Losses after the
   * first are disposed here.
   * @returns the loss before the step.
   * @throws PLError PL7008 without a closure, or when it returns no loss.
   */
  override step<T extends tf.Scalar | number | undefined>(closure?: () => T): T | undefined {
    if (closure === undefined) throw noLoss('step got no closure');
    const first = closure();
    const point = { loss: lossValue(first), grad: this.#gatherGrads() };
    const x = this.#gatherParams();
    const evaluateAt = (at: Values) => {
      this.#writeParams(at);
      const loss = closure();
      const value = lossValue(loss);
      if (loss instanceof tf.Tensor && loss !== first) loss.dispose();
      return { loss: value, grad: this.#gatherGrads() };
    };
    try {
      iterate(x, point, evaluateAt, this.#state, () => this.#newCorrection(), this.paramGroups[0]!);
    } finally {
      this.#writeParams(x);
    }
    return first;
  }

  /** State is global; as in PyTorch it stands under the first parameter. */
  override stateDict(nameOf: (v: tf.Variable) => string): OptimizerStateDict {
    const { iterations, evaluations, previousLoss, stepLength, scale, corrections } = this.#state;
    const name = nameOf(this.#params[0]!);
    const { d, prev_flat_grad } = this.#tensors;
    const tensors: Record<string, tf.Tensor> = { d: d.tensor(), prev_flat_grad: prev_flat_grad.tensor() };
    const scalars: Record<string, number> = {
      n_iter: iterations,
      func_evals: evaluations,
      prev_loss: previousLoss,
      t: stepLength,
      H_diag: scale,
      num_old: corrections.length,
    };
    corrections.forEach((correction, i) => {
      const { old_dirs, old_stps } = this.#pairs.get(correction)!;
      tensors[`old_dirs.${i}`] = old_dirs.tensor();
      tensors[`old_stps.${i}`] = old_stps.tensor();
      scalars[`ro.${i}`] = correction.rho;
    });
    return {
      tensors: { [name]: tensors },
      scalars: {
        type: this.type,
        state: { [name]: scalars },
        param_groups: this.describeGroups(nameOf),
      },
    };
  }

  override loadStateDict(
    state: RestorableOptimizerState,
    variableOf: (name: string) => tf.Variable | undefined,
  ): void {
    const groups = this.readGroups(state, variableOf);
    const { name, variable } = groups[0]!.params[0]!;
    if (variable !== this.#params[0])
      throw misfit(`its first parameter is '${name}', not the optimizer's first`);
    const vector = (slot: string) => slotValues(state, name, slot, [this.#size]);
    const scalar = (key: string) => {
      const value = state.scalars.state[name]?.[key];
      if (typeof value !== 'number') throw misfit(`it lacks ${key} of '${name}'`);
      return value;
    };
    const restored = {
      iterations: scalar('n_iter'),
      evaluations: scalar('func_evals'),
      previousLoss: scalar('prev_loss'),
      stepLength: scalar('t'),
      scale: scalar('H_diag'),
    };
    const [direction, previousGrad] = [vector('d'), vector('prev_flat_grad')];
    const pairs = Array.from({ length: scalar('num_old') }, (_, i) => ({
      gradChange: vector(`old_dirs.${i}`),
      step: vector(`old_stps.${i}`),
      rho: scalar(`ro.${i}`),
    }));

    this.adoptGroups(groups);
    Object.assign(this.#state, restored);
    this.#state.direction.set(direction);
    this.#state.previousGrad.set(previousGrad);
    this.#forgetCorrections();
    for (const { gradChange, step, rho } of pairs) {
      const correction = this.#newCorrection();
      correction.gradChange.set(gradChange);
      correction.step.set(step);
      correction.rho = rho;
      this.#state.corrections.push(correction);
    }
  }

  override dispose(): void {
    this.#forgetCorrections();
    this.#tensors.d.dispose();
    this.#tensors.prev_flat_grad.dispose();
  }

  get #params(): readonly tf.Variable[] {
    return this.paramGroups[0]!.params;
  }

  #vector(): StateTensor {
    return new StateTensor([this.#size], 0);
  }

  #newCorrection(): Correction {
    const pair = { old_dirs: this.#vector(), old_stps: this.#vector() };
    const correction = { gradChange: pair.old_dirs.values, step: pair.old_stps.values, rho: 0 };
    this.#pairs.set(correction, pair);
    return correction;
  }

  #forgetCorrections(): void {
    for (const { old_dirs, old_stps } of this.#pairs.values()) {
      old_dirs.dispose();
      old_stps.dispose();
    }
    this.#pairs.clear();
    this.#state.corrections.length = 0;
  }

  #gatherParams(): Float32Array {
    return this.#gather((v) => v);
  }

  #gatherGrads(): Float32Array {
    return this.#gather(gradOf);
  }

  #gather(of: (v: tf.Variable) => tf.Tensor | undefined): Float32Array {
    const flat = new Float32Array(this.#size);
    let offset = 0;
    for (const v of this.#params) {
      const t = of(v);
      if (t !== undefined) flat.set(peekHostView(t) ?? t.dataSync(), offset);
      offset += v.size;
    }
    return flat;
  }

  #writeParams(flat: Values): void {
    let offset = 0;
    for (const v of this.#params) {
      const values = flat.subarray(offset, offset + v.size);
      const live = ownHostView(v);
      if (live !== undefined) live.set(values);
      else tf.tidy(() => v.assign(tf.tensor(Float32Array.from(values), v.shape, 'float32')));
      offset += v.size;
    }
  }
}

function lossValue(loss: tf.Scalar | number | undefined): number {
  if (typeof loss === 'number') return loss;
  if (loss === undefined) throw noLoss('the closure returned no loss');
  return loss.dataSync()[0]!;
}

function noLoss(what: string): PLError {
  return new PLError('PL7008', `LBFGS: ${what}`, {
    hint: 'Give step a closure that clears the gradients, computes loss and gradients, and returns the loss.',
  });
}

function oneGroupOnly(): PLError {
  return new PLError('PL7005', 'LBFGS takes one group of parameters only', {
    hint: 'Pass a plain list of variables, and options as the second argument.',
  });
}
