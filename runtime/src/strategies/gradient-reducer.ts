import { peekHostView } from '../engines/host-memory.js';
import { PLError } from '../errors/pl-error.js';
import { gradOf, setGrad } from '../optim/gradients.js';
import * as tf from '../tf.js';
import { gatherObjects } from './objects.js';
import type { ProcessGroup } from './process-group.js';
import type { ReductionContext } from './strategy.js';

/** Bytes of gradients that travel together. */
const BUCKET_BYTES = 25 * 2 ** 20;

export interface GradientReducerOptions {
  /** Whether ranks may differ in which parameters their loss reached. */
  findUnusedParameters: boolean;
  nameOf: (parameter: tf.Variable) => string;
}

/** Averages gradients over the ranks of a group, in buckets, those of the last parameters first. */
export class GradientReducer {
  readonly #buckets = new WeakMap<readonly tf.Variable[], number[][]>();

  constructor(
    private readonly group: ProcessGroup,
    private readonly options: GradientReducerOptions,
  ) {}

  /**
   * Replaces the gradients by their means. A parameter that no rank has a gradient for stays without.
   *
   * @throws PLError PL8007 where ranks differ, or none has one and `expectsAll` is set, unless unused parameters are allowed
   */
  reduce(params: readonly tf.Variable[], { expectsAll }: ReductionContext): void {
    const gradients = params.map(valuesOf);
    // Travels with the gradients: which share of the ranks has one.
    const present = Float32Array.from(gradients, (gradient) => (gradient === undefined ? 0 : 1));
    const values = gradients.map((gradient, i) => gradient ?? new Float32Array(params[i]!.size));
    const works = this.#bucketsOf(params).map((bucket, i) => {
      const arrays = bucket.map((index) => values[index]!);
      return this.group.allReduce(i === 0 ? [...arrays, present] : arrays, 'mean');
    });
    for (const work of works) work.wait();
    if (!this.options.findUnusedParameters) this.#checkPresence(params, gradients, present, expectsAll);
    for (const [i, param] of params.entries()) {
      if (present[i] === 0) continue;
      const gradient = gradOf(param);
      if (gradient !== undefined && peekHostView(gradient) === values[i]) continue;
      setGrad(param, tf.tensor(values[i]!, param.shape, 'float32'));
    }
  }

  /** Indices of parameters, in reverse order. */
  #bucketsOf(params: readonly tf.Variable[]): number[][] {
    let buckets = this.#buckets.get(params);
    if (buckets !== undefined) return buckets;
    buckets = [[]];
    let bytes = 0;
    for (let i = params.length - 1; i >= 0; i--) {
      if (bytes > 0 && bytes + params[i]!.size * 4 > BUCKET_BYTES) {
        buckets.push([]);
        bytes = 0;
      }
      buckets.at(-1)!.push(i);
      bytes += params[i]!.size * 4;
    }
    this.#buckets.set(params, buckets);
    return buckets;
  }

  #checkPresence(
    params: readonly tf.Variable[],
    gradients: readonly (Float32Array | undefined)[],
    present: Float32Array,
    expectsAll: boolean,
  ): void {
    const differ = present.some((share) => share > 0 && share < 0.999);
    // Where no parameter has any, there was no loss.
    const lack = expectsAll && present.some((share) => share === 0) && present.some((share) => share > 0);
    if (!differ && !lack) return;
    const missing = params.filter((_, i) => gradients[i] === undefined).map(this.options.nameOf);
    const byRank = gatherObjects(this.group, missing);
    const onAll = byRank[0]!.filter((name) => byRank.every((names) => names.includes(name)));
    const parts = byRank.flatMap((names, rank) => {
      const own = names.filter((name) => !onAll.includes(name));
      return own.length === 0 ? [] : [`on rank ${rank} ${listed(own)}`];
    });
    if (onAll.length > 0) parts.unshift(`on all ranks ${listed(onAll)}`);
    throw new PLError('PL8007', `the loss did not reach every parameter: ${parts.join('; ')}.`, {
      hint: "Leave them out of the optimizer; or, where it depends on the batch which parameters are used, set trainer.strategy to 'ddp_find_unused_parameters_true'.",
    });
  }
}

/** The gradient's values: its own memory where the engine has it on the host, else a copy. */
function valuesOf(param: tf.Variable): Float32Array | undefined {
  const gradient = gradOf(param);
  if (gradient === undefined) return undefined;
  return (peekHostView(gradient) as Float32Array | undefined) ?? Float32Array.from(gradient.dataSync());
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}
