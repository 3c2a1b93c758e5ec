import { torchGradients } from '../engines/torch/gradients.js';
import { PLError } from '../errors/pl-error.js';
import { clearGrads, gradOf, ownGrad, setGrad } from '../optim/gradients.js';
import * as tf from '../tf.js';
import { gatherObjects } from './objects.js';
import type { ProcessGroup, Work } from './process-group.js';
import type { GradientReduction, ReductionContext } from './strategy.js';

/** Bytes of gradients that travel together: those of PyTorch's DistributedDataParallel. */
const BUCKET_BYTES = 25 * 2 ** 20;
/** The first bucket is on its way early. */
const FIRST_BUCKET_BYTES = 2 ** 20;

export interface GradientReducerOptions {
  /** Whether ranks may differ in which parameters their loss reached. */
  findUnusedParameters: boolean;
  nameOf: (parameter: tf.Variable) => string;
}

/** Averages gradients over the ranks of a group, in buckets, those of the last parameters first. */
export class GradientReducer {
  readonly #buckets = new WeakMap<readonly tf.Variable[], readonly (readonly tf.Variable[])[]>();

  constructor(
    private readonly group: ProcessGroup,
    private readonly options: GradientReducerOptions,
  ) {}

  /** Begins to average the gradients of these parameters, which a backward pass is about to compute. */
  begin(params: readonly tf.Variable[]): BucketedReduction {
    let buckets = this.#buckets.get(params);
    if (buckets === undefined) {
      buckets = bucketsOf(params);
      this.#buckets.set(params, buckets);
    }
    return new BucketedReduction(this.group, buckets, (context) => this.#check(params, context));
  }

  /**
   * Looks whether all ranks had all gradients, after their mean was taken with zeros for those that were missing. A
   * parameter that no rank had a gradient for is left without.
   *
   * @throws PLError PL8007 where ranks differ, or none has one and `expectsAll` is set, unless unused parameters are allowed
   */
  #check(
    params: readonly tf.Variable[],
    { missing, expectsAll }: ReductionContext & { missing: Set<tf.Variable> },
  ) {
    const isComplete = new Float64Array([missing.size === 0 ? 1 : 0]);
    this.group.allReduce([isComplete], 'min').wait();
    if (isComplete[0] === 1) return;
    const byRank = gatherObjects(
      this.group,
      params.flatMap((param, i) => (missing.has(param) ? [i] : [])),
    );
    const onAll = byRank.reduce((all, ofRank) => all.filter((i) => ofRank.includes(i)));
    clearGrads(onAll.map((i) => params[i]!));
    // Where no parameter has any, there was no loss.
    const lack = expectsAll && onAll.length > 0 && onAll.length < params.length;
    const differ = byRank.some((ofRank) => ofRank.length > onAll.length);
    if ((lack || differ) && !this.options.findUnusedParameters) throw this.#unused(params, onAll, byRank);
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

/**
 * Buckets whose gradients travel while those of others are computed. All ranks send them in the same order, whatever
 * order their gradients come in.
 */
class BucketedReduction implements GradientReduction {
  /** Parameters of each bucket whose gradients are not there yet. */
  readonly #open: Set<tf.Variable>[];
  readonly #works: Work[] = [];

  constructor(
    private readonly group: ProcessGroup,
    private readonly buckets: readonly (readonly tf.Variable[])[],
    private readonly check: (context: ReductionContext & { missing: Set<tf.Variable> }) => void,
  ) {
    this.#open = buckets.map((bucket) => new Set(bucket));
  }

  ready(param: tf.Variable): void {
    for (const open of this.#open) if (open.delete(param)) break;
    // The local group waits for each collective, so that an early one would only make ranks wait for each other.
    if (this.group.backend === 'local') return;
    while (this.#open[this.#works.length]?.size === 0) this.#send();
  }

  finish(context: ReductionContext): void {
    const missing = new Set(this.buckets.flat().filter((param) => gradOf(param) === undefined));
    for (const param of missing) setGrad(param, tf.zerosLike(param));
    while (this.#works.length < this.buckets.length) this.#send();
    for (const work of this.#works) work.wait();
    this.check({ ...context, missing });
  }

  #send(): void {
    const grads = this.buckets[this.#works.length]!.map((param) => ownGrad(param)!);
    torchGradients()?.widen(grads);
    this.#works.push(this.group.allReduce(grads, 'mean'));
  }
}

/** The last parameters, whose gradients are there first, come first. */
function bucketsOf(params: readonly tf.Variable[]): tf.Variable[][] {
  const buckets: tf.Variable[][] = [];
  let room = 0;
  for (const param of params.toReversed()) {
    const bytes = param.size * 4;
    if (bytes > room || buckets.length === 0) {
      room = buckets.length === 0 ? FIRST_BUCKET_BYTES : BUCKET_BYTES;
      buckets.push([]);
    }
    buckets.at(-1)!.push(param);
    room -= bytes;
  }
  return buckets;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return names.length > 10 ? `${shown.join(', ')} and ${names.length - 10} more` : shown.join(', ');
}
