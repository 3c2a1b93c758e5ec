import { PLError } from '../errors/pl-error.js';
import type { BoundHooks } from '../hooks/bind.js';
import { propagate } from '../optim/backward.js';
import type { Optimizer } from '../optim/optimizer.js';
import { paramsOf } from '../optim/params-of.js';
import type * as tf from '../tf.js';
import type { LoopHost } from './loop-host.js';
import { hasGradients, unreachedParameters } from './training-checks.js';

/** What a training step that optimizes itself does with an optimizer. */
export type OptimizerHandle = Pick<Optimizer, 'paramGroups' | 'zeroGrad' | 'step'>;

/** An optimizer whose steps count as steps of the run, with the hooks around them. */
class ManualOptimizer implements OptimizerHandle {
  constructor(
    readonly optimizer: Optimizer,
    private readonly manual: ManualOptimization,
  ) {}

  get paramGroups(): Optimizer['paramGroups'] {
    return this.optimizer.paramGroups;
  }

  zeroGrad(): void {
    this.optimizer.zeroGrad();
  }

  /** Makes the gradients those of the loss itself, for whoever looks at them before the step. Once is enough. */
  unscale(): void {
    this.manual.unscale(this.optimizer);
  }

  /** Updates the parameters; a closure computes loss and gradients anew, and runs before. */
  step<Loss extends tf.Scalar | number | undefined>(closure?: () => Loss): Loss | undefined {
    return this.manual.step(this.optimizer, closure);
  }
}

/** What a module with `automaticOptimization = false` does for itself in its training step. */
export class ManualOptimization {
  readonly optimizers: readonly OptimizerHandle[];
  #toggled: OptimizerHandle | undefined;
  /** Optimizers whose gradients are those of the loss itself already. */
  readonly #unscaled = new Set<Optimizer>();

  constructor(
    private readonly host: LoopHost,
    private readonly hooks: BoundHooks<'module'>,
    optimizers: readonly Optimizer[],
    private readonly onStep: () => void,
  ) {
    this.optimizers = optimizers.map((optimizer) => new ManualOptimizer(optimizer, this));
  }

  /** Adds the gradients of `loss` to those of the parameters: of the toggled optimizer, or of all. */
  backward(loss: tf.Scalar): void {
    const { results } = this.host;
    const { phase } = results;
    results.phase = 'on_before_backward';
    this.host.callbacks.callSync('on_before_backward', [loss]);
    this.hooks.on_before_backward?.(loss);
    const optimizers = this.#toggled === undefined ? this.optimizers : [this.#toggled];
    const params = new Set(optimizers.flatMap(paramsOf));
    results.phase = 'backward';
    const { lossScale } = this.host.precision;
    if (this.hooks.backward) this.hooks.backward(loss, (part) => propagate(part, [...params], lossScale));
    else propagate(loss, [...params], lossScale);
    this.host.strategy.beginReduction([...params]).finish({ expectsAll: false });
    if (!this.hooks.backward && !hasGradients(params)) throw unreachedParameters(this.host.module);
    results.phase = 'on_after_backward';
    this.host.callbacks.callSync('on_after_backward', []);
    this.hooks.on_after_backward?.();
    results.phase = phase;
  }

  unscale(optimizer: Optimizer): void {
    if (this.#unscaled.has(optimizer)) return;
    this.#unscaled.add(optimizer);
    this.host.precision.unscale(optimizer);
  }

  step<Loss extends tf.Scalar | number | undefined>(
    optimizer: Optimizer,
    closure?: () => Loss,
  ): Loss | undefined {
    const loss = optimizer.step(() => {
      const value = closure?.();
      this.unscale(optimizer);
      const { results } = this.host;
      const { phase } = results;
      results.phase = 'on_before_optimizer_step';
      this.host.callbacks.callSync('on_before_optimizer_step', [optimizer]);
      this.hooks.on_before_optimizer_step?.(optimizer);
      this.host.logGradNorms();
      results.phase = phase;
      this.host.precision.holdBack(optimizer);
      this.#unscaled.delete(optimizer);
      return value;
    });
    this.onStep();
    return loss;
  }

  /** Limits backward passes to one optimizer's parameters, until `untoggle`. */
  toggle(optimizer: OptimizerHandle): void {
    if (this.#toggled !== undefined && this.#toggled !== optimizer) {
      throw new PLError('PL5018', 'toggleOptimizer was called while another optimizer was toggled.', {
        hint: 'Call untoggleOptimizer for that one first.',
      });
    }
    this.#toggled = optimizer;
  }

  untoggle(): void {
    this.#toggled = undefined;
  }
}
