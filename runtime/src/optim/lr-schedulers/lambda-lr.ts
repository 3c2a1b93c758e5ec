import type { Optimizer } from '../optimizer.js';
import { EpochLR } from './epoch-lr.js';
import { type LRLambda, lambdaPerGroup, lambdaValue } from './lr-lambda.js';

/** What the groups' own rates are multiplied by at a step. */
export interface LambdaLRInit {
  /** One function for all param groups, or one for each. */
  lrLambda: LRLambda | readonly LRLambda[];
  /** @default -1, a new schedule */
  lastEpoch?: number;
}

/**
 * Multiplies the groups' own rates by a function of the step. A checkpoint does not hold the function: resume with
 * the same one. Source: torch.optim.lr_scheduler.LambdaLR.
 *
 * @example new LambdaLR(optimizer, { lrLambda: (epoch) => 0.95 ** epoch })
 */
export class LambdaLR extends EpochLR<object> {
  readonly #lambdas: readonly LRLambda[];

  /** @throws PLError PL7204 when `lrLambda` is no function, or gives something else than a number of at least 0. */
  constructor(optimizer: Optimizer, { lrLambda, ...init }: LambdaLRInit) {
    super(optimizer, { type: 'LambdaLR', defaults: {}, rules: {} }, init);
    this.#lambdas = lambdaPerGroup(this.type, lrLambda, this.groupCount);
    this.start();
  }

  protected override getLr(): number[] {
    return this.baseLrs.map((base, i) => base * lambdaValue(this.type, this.#lambdas[i]!, this.lastEpoch));
  }
}
