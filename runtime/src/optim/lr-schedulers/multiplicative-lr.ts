import type { Optimizer } from '../optimizer.js';
import { EpochLR } from './epoch-lr.js';
import type { LambdaLRInit } from './lambda-lr.js';
import { type LRLambda, lambdaPerGroup, lambdaValue } from './lr-lambda.js';

/**
 * Multiplies the rates in force by a function of the step. A checkpoint does not hold the function: resume with the
 * same one. Source: torch.optim.lr_scheduler.MultiplicativeLR.
 */
export class MultiplicativeLR extends EpochLR<object> {
  readonly #lambdas: readonly LRLambda[];

  /** @throws PLError PL7204 when `lrLambda` is no function, or gives something else than a number of at least 0. */
  constructor(optimizer: Optimizer, { lrLambda, ...init }: LambdaLRInit) {
    super(optimizer, { type: 'MultiplicativeLR', defaults: {}, rules: {} }, init);
    this.#lambdas = lambdaPerGroup(this.type, lrLambda, this.groupCount);
    this.start();
  }

  /** Goes on from the rates in force: it has no rates of its own to begin with. */
  override restart(): void {
    this.rewind();
    this.step();
  }

  protected override getLr(): number[] {
    const lrs = this.currentLrs();
    if (this.lastEpoch === 0) return lrs;
    return this.#lambdas.map((lambda, i) => lrs[i]! * lambdaValue(this.type, lambda, this.lastEpoch));
  }
}
