import { torchGradients } from '../engines/torch/gradients.js';
import { PLError } from '../errors/pl-error.js';
import { gradOf, ownGrad, setGrad } from '../optim/gradients.js';
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
  constructor(
    private readonly group: ProcessGroup,
    private readonly options: GradientReducerOptions,
  ) {}

  /**
   * Replaces the gradients by their means. A parameter that no rank has a gradient for stays without.
   *
   * @throws PLError PL8007 where ranks differ, or none has one and `expectsAll` is set, unless unused parameters are allowed
   */
  reduce(params: readonly tf.Variable[], context: ReductionContext): void {
    const used = this.#usedOf(params, context);
    const works = bucketsOf(used).map((bucket) => {
      const grads = bucket.map(gradientOf);
      torchGradients()?.widen(grads);
      return this.group.allReduce(grads, 'mean');
    });
    for (const work of works) work.wait();
  }

  /** The parameters that any rank has a gradient for. */
  #usedOf(params: readonly tf.Variable[], { expectsAll }: ReductionContext): readonly tf.Variable[] {
    const missing = params.flatMap((param, i) => (gradOf(param) === undefined ? [i] : []));
    const isComplete = new Float64Array([missing.length === 0 ? 1 : 0]);
    this.group.allReduce([isComplete], 'min').wait();
    if (isComplete[0] === 1) return params;
    const byRank = gatherObjects(this.group, missing);
    const onAll = byRank.reduce((all, ofRank) => all.filter((i) => ofRank.includes(i)));
    // Where no parameter has any, there was no loss.
    const lack = expectsAll && onAll.length > 0 && onAll.length < params.length;
    const differ = byRank.some((ofRank) => ofRank.length > onAll.length);
    if ((lack || differ) && !this.options.findUnusedParameters) {
      throw this.#unused(params, onAll, byRank);
    }
    const unused = new Set(onAll);
    return params.filter((_, i) => !unused.has(i));
  }

  #unused(
    params: readonly tf.Variable[],
    onAll: readonly number[],
    byRank: readonly (readonly number[])[],
  ): PLError {
    const listed = (indices: readonly number[]) =>
      listOf(indices.map((i) => this.options.nameOf(params[i]!)));
    const parts = byRank.flatMap((ofRank, rank) => {
      const own = ofRank.filter((i) => !onAll.includes(i));
      return own.length === 0 ? [] : [`on rank ${rank} ${listed(own)}`];
    });
    if (onAll.length > 0) parts.unshift(`on all ranks ${listed(onAll)}`);
    return new PLError('PL8007', `the loss did not reach every parameter: ${parts.join('; ')}.`, {
      hint: "Leave them out of the optimizer; or, where it depends on the batch which parameters are used, set trainer.strategy to 'ddp_find_unused_parameters_true'.",
    });
  }
}

/** The last parameters, whose gradients are there first, come first. */
function bucketsOf(params: readonly tf.Variable[]): tf.Variable[][] {
  const buckets: tf.Variable[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (let i = params.length - 1; i >= 0; i--) {
    const param = params[i]!;
    bytes += param.size * 4;
    if (bytes > BUCKET_BYTES) {
      buckets.push([]);
      bytes = param.size * 4;
    }
    buckets.at(-1)!.push(param);
  }
  return buckets;
}

/** The gradient, to be written in place; zeros where the loss of this rank did not reach the parameter. */
function gradientOf(param: tf.Variable): tf.Tensor {
  if (gradOf(param) === undefined) setGrad(param, tf.zerosLike(param));
  return ownGrad(param)!;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}
