import { ElementwiseOptimizer, type StepFactors } from './elementwise-optimizer.js';
import type { OptimizerOptions } from './optimizer.js';
import { nonNegative } from './options.js';

/** Stands in where `configure_optimizers` returned nothing: a step runs its closure and changes no weights. */
export class NoOptimizer extends ElementwiseOptimizer<OptimizerOptions> {
  constructor() {
    super({ type: 'NoOptimizer', defaults: { lr: 0 }, rules: { lr: nonNegative } }, [{ params: [] }]);
  }

  protected override slots(): Record<string, number> {
    return {};
  }

  protected override factors(): StepFactors {
    return {};
  }

  protected override apply(): void {}
}
