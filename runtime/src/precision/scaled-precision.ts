import type { AutocastEngine } from '../engines/autocast-engine.js';
import { PLError } from '../errors/pl-error.js';
import { gradOf } from '../optim/gradients.js';
import { LBFGS } from '../optim/lbfgs.js';
import type { GradScaler, GradScalerState } from './grad-scaler.js';
import type { PrecisionPlugin, StepTarget } from './precision-plugin.js';

/** `16-mixed`: float16 has so small a range that the loss needs a scale. */
export class ScaledPrecision implements PrecisionPlugin {
  readonly precision = '16-mixed';

  constructor(
    private readonly engine: AutocastEngine,
    private readonly scaler: GradScaler,
  ) {}

  get lossScale(): number {
    return this.scaler.currentScale;
  }

  get skippedSteps(): number {
    return this.scaler.skippedSteps;
  }

  convert(): void {}

  checkOptimizer(optimizer: object): void {
    if (!(optimizer instanceof LBFGS)) return;
    throw new PLError('PL8205', 'trainer.precision is 16-mixed, which LBFGS cannot be used with', {
      hint: "Set trainer.precision to 'bf16-mixed' or '32-true', or take another optimizer.",
    });
  }

  forward<Result>(step: () => Result): Result {
    return this.engine.autocast('float16', step);
  }

  unscale(optimizer: StepTarget): void {
    this.scaler.unscale(optimizer);
  }

  holdBack(optimizer: StepTarget): boolean {
    // A training step may give no loss; then there is nothing to learn about the scale either.
    if (!hasGradients(optimizer)) return false;
    const skipped = this.scaler.skips(optimizer);
    if (skipped) optimizer.zeroGrad();
    this.scaler.update();
    return skipped;
  }

  stateDict(): GradScalerState {
    return this.scaler.stateDict();
  }

  loadStateDict(state: GradScalerState): void {
    this.scaler.loadStateDict(state);
  }
}

function hasGradients(optimizer: StepTarget): boolean {
  return optimizer.paramGroups.some((group) => group.params.some((v) => gradOf(v) !== undefined));
}
