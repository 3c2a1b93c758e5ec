import { ElementwiseOptimizer, type ParamScalars, type Values } from './elementwise-optimizer.js';
import type { OptimizerParams } from './optimizer.js';
import { flag, nonNegative, pair } from './options.js';

export interface RpropOptions {
  /** The first step's size. @default 0.01 */
  lr: number;
  /** Factors on the step size after a change of sign and after none: below 1, above 1. @default [0.5, 1.2] */
  etas: [number, number];
  /** Smallest and largest step. @default [1e-6, 50] */
  stepSizes: [number, number];
  /** Ascends instead of descending. @default false */
  maximize: boolean;
}

/** The numbers of one step. */
type RpropFactors = {
  sign: number;
  less: number;
  more: number;
  smallest: number;
  largest: number;
};

/**
 * Resilient backpropagation for full batches: Riedmiller & Braun, "A Direct Adaptive Method for Faster
 * Backpropagation Learning" (1993), without weight backtracking.
 */
export class Rprop extends ElementwiseOptimizer<RpropOptions, RpropFactors> {
  constructor(params: OptimizerParams<RpropOptions>, options: Partial<RpropOptions> = {}) {
    super(
      {
        type: 'Rprop',
        defaults: { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false },
        rules: {
          lr: nonNegative,
          etas: pair('one number above 0 and below 1, one above 1', (a, b) => a > 0 && a < 1 && b > 1),
          stepSizes: pair('two numbers, the smaller first', (a, b) => a <= b),
          maximize: flag,
        },
      },
      params,
      options,
    );
  }

  protected override slots({ lr }: Readonly<RpropOptions>): Record<string, number> {
    return { prev: 0, step_size: lr };
  }

  protected override factors(
    scalars: ParamScalars,
    { etas: [less, more], stepSizes: [smallest, largest], maximize }: Readonly<RpropOptions>,
  ): RpropFactors {
    scalars.step += 1;
    const sign = maximize ? -1 : 1;
    return { sign, less, more, smallest, largest };
  }

  protected override apply(
    param: Values,
    grad: Values,
    state: Record<string, Values>,
    { sign, less, more, smallest, largest }: RpropFactors,
  ): void {
    const previous = state.prev!;
    const stepSize = state.step_size!;
    for (let i = 0; i < param.length; i++) {
      const g = sign * grad[i]!;
      const agreement = Math.sign(g * previous[i]!);
      const factor = agreement > 0 ? more : agreement < 0 ? less : 1;
      const size = Math.min(largest, Math.max(smallest, stepSize[i]! * factor));
      const used = agreement < 0 ? 0 : g;
      stepSize[i] = size;
      previous[i] = used;
      param[i] = param[i]! - Math.sign(used) * size;
    }
  }
}
