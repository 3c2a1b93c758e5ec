import type { AutocastEngine, Precision } from '../engines/autocast-engine.js';
import type * as tf from '../tf.js';
import type { PrecisionPlugin } from './precision-plugin.js';

/** Precisions whose gradients are used as they come: all but `16-mixed`. */
export class UnscaledPrecision implements PrecisionPlugin {
  readonly lossScale = 1;
  readonly skippedSteps = 0;

  /** @param engine what computes in 16 bits; not needed for `32-true` */
  constructor(
    readonly precision: Exclude<Precision, '16-mixed'>,
    private readonly engine?: AutocastEngine,
  ) {}

  convert(variables: Iterable<tf.Variable>): void {
    const { precision } = this;
    if (precision === '16-true' || precision === 'bf16-true') {
      this.engine?.convertVariables?.([...variables], precision === '16-true' ? 'float16' : 'bfloat16');
    }
  }

  checkOptimizer(): void {}

  forward<Result>(step: () => Result): Result {
    switch (this.precision) {
      case '32-true':
        return step();
      case 'bf16-mixed':
        return this.engine!.autocast('bfloat16', step);
      case '16-true':
        return this.engine!.computeIn!('float16', step);
      case 'bf16-true':
        return this.engine!.computeIn!('bfloat16', step);
    }
  }

  unscale(): void {}

  holdBack(): boolean {
    return false;
  }

  stateDict(): undefined {}

  loadStateDict(): void {}
}
