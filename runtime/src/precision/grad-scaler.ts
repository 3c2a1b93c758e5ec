import { PLError } from '../errors/pl-error.js';
import type { Optimizer } from '../optim/optimizer.js';
import { paramsOf } from '../optim/params-of.js';
import type * as tf from '../tf.js';
import { type ScaleAndCheckFinite, unscaleGradients } from './unscale-gradients.js';

export interface GradScalerOptions {
  /** The scale to begin with. @default 65536 */
  initScale?: number;
  /** What the scale is multiplied by after `growthInterval` steps without an overflow. @default 2 */
  growthFactor?: number;
  /** What it is multiplied by after an overflow. @default 0.5 */
  backoffFactor?: number;
  /** @default 2000 */
  growthInterval?: number;
  /** False makes every method pass things through. @default true */
  enabled?: boolean;
}

/** As PyTorch's `state_dict` has it, and the count of skipped steps. Empty for a scaler that is not enabled. */
export type GradScalerState =
  | {
      scale: number;
      growth_factor: number;
      backoff_factor: number;
      growth_interval: number;
      _growth_tracker: number;
      skipped_steps: number;
    }
  | Record<string, never>;

/** What a scaler needs of an optimizer. */
export type ScaledOptimizer = Pick<Optimizer, 'paramGroups'>;

/** What happened to an optimizer's gradients since the last `update`. */
interface Progress {
  stage: 'unscaled' | 'stepped';
  finite: boolean;
}

/**
 * Keeps gradients of float16 from vanishing: the loss is multiplied by a scale, the gradients are divided by it before
 * they are used. When one of them overflows, the optimizer does not step and the scale shrinks; after many steps
 * without an overflow it grows. Micikevicius et al., "Mixed Precision Training" (2018); behaves as torch.amp.GradScaler.
 *
 * @example
 * const loss = backward(() => scaler.scale(forward()), params);
 * scaler.unscale(optimizer); // only needed for what comes in between
 * clipGradNorm(params, 1);
 * scaler.step(optimizer);
 * scaler.update();
 */
export class GradScaler {
  readonly enabled: boolean;
  #scale: number;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  /** Steps without an overflow since the scale changed. */
  #growthTracker = 0;
  #skippedSteps = 0;
  #progress = new Map<ScaledOptimizer, Progress>();

  /**
   * @param onEngine unscales in one call, where the engine has that
   * @throws PLError PL8204 for an option that is out of range
   */
  constructor(
    options: GradScalerOptions = {},
    private readonly onEngine?: ScaleAndCheckFinite,
  ) {
    const { initScale = 2 ** 16, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
    this.enabled = options.enabled ?? true;
    checkSettings('GradScaler', { scale: initScale, growthFactor, backoffFactor, growthInterval });
    this.#scale = Math.fround(initScale);
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
  }

  /** The scale, a float32 number; 1 when it is not enabled. */
  get currentScale(): number {
    return this.enabled ? this.#scale : 1;
  }

  /** Steps that were held back because of an overflow. */
  get skippedSteps(): number {
    return this.#skippedSteps;
  }

  /** `loss` times the scale; a new tensor, unless the scaler is not enabled. */
  scale<T extends tf.Tensor>(loss: T): T {
    return this.enabled ? loss.mul(this.#scale) : loss;
  }

  /**
   * Divides the gradients of an optimizer's parameters by the scale, and remembers whether all were finite. Needed
   * before clipping and whatever else looks at them; `step` does it where nobody has.
   *
   * @throws PLError PL8203 when they are unscaled already, or the optimizer has stepped, since the last `update`
   */
  unscale(optimizer: ScaledOptimizer): void {
    if (!this.enabled) return;
    const done = this.#progress.get(optimizer);
    if (done !== undefined) {
      throw misuse(
        done.stage === 'unscaled'
          ? 'unscale was called twice for one optimizer'
          : 'unscale was called after the optimizer had stepped',
        'Call it once, after the last backward pass and before step; then call update.',
      );
    }
    // PyTorch takes the reciprocal in float64 as well.
    const factor = Math.fround(1 / this.#scale);
    const finite = unscaleGradients(paramsOf(optimizer), factor, this.onEngine);
    if (finite !== undefined) this.#progress.set(optimizer, { stage: 'unscaled', finite });
  }

  /**
   * Steps the optimizer, unless one of its gradients is not finite: then parameters and state stay as they are.
   *
   * @throws PLError PL8203 when it has stepped since the last `update`, or has no gradients
   */
  step(optimizer: ScaledOptimizer & Pick<Optimizer, 'step'>): void {
    if (!this.skips(optimizer)) optimizer.step();
  }

  /**
   * As `step`, for a caller who steps the optimizer: true when it must not.
   *
   * @throws PLError PL8203 as `step` does
   */
  skips(optimizer: ScaledOptimizer): boolean {
    if (!this.enabled) return false;
    if (!this.#progress.has(optimizer)) this.unscale(optimizer);
    const progress = this.#progress.get(optimizer);
    if (progress === undefined) {
      throw misuse('the optimizer has no gradients', 'Run a backward pass before each step.');
    }
    if (progress.stage === 'stepped') {
      throw misuse('an optimizer steps twice', 'Call update after each step.');
    }
    progress.stage = 'stepped';
    if (!progress.finite) this.#skippedSteps++;
    return !progress.finite;
  }

  /**
   * Shrinks the scale if gradients of any optimizer overflowed since the last call, and grows it when it is time.
   *
   * @throws PLError PL8203 when no gradients were looked at since
   */
  update(): void {
    if (!this.enabled) return;
    if (this.#progress.size === 0) {
      throw misuse('update was called and no optimizer had stepped', 'Call step before update.');
    }
    const finite = [...this.#progress.values()].every((progress) => progress.finite);
    this.#progress.clear();
    if (!finite) {
      this.#scale = Math.fround(this.#scale * this.#backoffFactor);
      this.#growthTracker = 0;
      return;
    }
    this.#growthTracker++;
    if (this.#growthTracker < this.#growthInterval) return;
    this.#growthTracker = 0;
    const grown = Math.fround(this.#scale * this.#growthFactor);
    if (Number.isFinite(grown)) this.#scale = grown;
  }

  /** To be called after `update`. */
  stateDict(): GradScalerState {
    if (!this.enabled) return {};
    return {
      scale: this.#scale,
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#growthTracker,
      skipped_steps: this.#skippedSteps,
    };
  }

  /**
   * Goes on from a state that `stateDict` gave. Without effect when the scaler is not enabled.
   *
   * @throws PLError PL8204 when it is none, or that of a scaler that was not enabled
   */
  loadStateDict(state: GradScalerState): void {
    if (!this.enabled) return;
    const { scale, growth_factor, backoff_factor, growth_interval } = state;
    const settings = {
      scale: scale!,
      growthFactor: growth_factor!,
      backoffFactor: backoff_factor!,
      growthInterval: growth_interval!,
    };
    checkSettings('The saved state of a GradScaler', settings);
    const { _growth_tracker: tracker, skipped_steps: skipped = 0 } = state;
    for (const [name, count] of Object.entries({ _growth_tracker: tracker, skipped_steps: skipped })) {
      if (Number.isInteger(count) && count! >= 0) continue;
      throw outOfRange('The saved state of a GradScaler', name, count, 'an integer of at least 0');
    }
    this.#scale = Math.fround(settings.scale);
    this.#growthFactor = settings.growthFactor;
    this.#backoffFactor = settings.backoffFactor;
    this.#growthInterval = settings.growthInterval;
    this.#growthTracker = tracker!;
    this.#skippedSteps = skipped;
    this.#progress.clear();
  }
}

interface Settings {
  scale: number;
  growthFactor: number;
  backoffFactor: number;
  growthInterval: number;
}

function checkSettings(
  owner: string,
  { scale, growthFactor, backoffFactor, growthInterval }: Settings,
): void {
  if (!(scale > 0 && Number.isFinite(Math.fround(scale))))
    throw outOfRange(owner, 'scale', scale, 'a finite float32 number above 0');
  if (!(growthFactor > 1)) throw outOfRange(owner, 'growthFactor', growthFactor, 'a number above 1');
  if (!(backoffFactor > 0 && backoffFactor < 1))
    throw outOfRange(owner, 'backoffFactor', backoffFactor, 'a number between 0 and 1');
  if (!(Number.isInteger(growthInterval) && growthInterval > 0))
    throw outOfRange(owner, 'growthInterval', growthInterval, 'an integer above 0');
}

function outOfRange(owner: string, name: string, got: unknown, wanted: string): PLError {
  return new PLError('PL8204', `${owner}: ${name} is ${String(got)}, wanted ${wanted}`);
}

function misuse(what: string, hint: string): PLError {
  return new PLError('PL8203', `GradScaler: ${what}`, { hint });
}
