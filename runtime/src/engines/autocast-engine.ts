import type * as tf from '../tf.js';
import type { SelectedEngine } from './selected-engine.js';

/**
 * How numbers are kept and computed. `true`: all in that type. `mixed`: weights, sums and whatever needs the range in
 * float32, the operations that gain from it in 16 bits.
 */
export type Precision = '32-true' | '16-mixed' | 'bf16-mixed' | '16-true' | 'bf16-true';

/** How exact matrix products of float32 are: `high` and `medium` allow 19 (TF32) and 16 bits inside. */
export type MatmulPrecision = 'highest' | 'high' | 'medium';

export type HalfType = 'float16' | 'bfloat16';

/**
 * What an engine does beyond float32. tfjs sees float32 tensors everywhere, whatever the engine keeps behind them.
 * An engine registers it when it is loaded.
 */
export interface AutocastEngine {
  /** What it can do on a device, as `SelectedEngine.device` names it, beside `32-true`. */
  precisions(device: string): readonly Exclude<Precision, '32-true'>[];

  /** Runs `forward`, the operations on the engine's list in `type`; gradients of what it computed follow suit. */
  autocast<Result>(type: HalfType, forward: () => Result): Result;

  /** Keeps the values of `variables` in `type` from now on; for `16-true` and `bf16-true`. */
  convertVariables?(variables: readonly tf.Variable[], type: HalfType): void;

  /** Runs `forward` with every floating-point input and result in `type`; for `16-true` and `bf16-true`. */
  computeIn?<Result>(type: HalfType, forward: () => Result): Result;

  /** Left out by engines that have one way of multiplying matrices. */
  setMatmulPrecision?(precision: MatmulPrecision): void;

  /**
   * Multiplies all tensors, each the only holder of its data, by `factor` in place, and tells whether every value was finite before: one call where
   * tfjs needs several for each tensor.
   */
  scaleAndCheckFinite?(tensors: readonly tf.Tensor[], factor: number): boolean;
}

const engines = new Map<SelectedEngine['name'], AutocastEngine>();

export function registerAutocastEngine(name: SelectedEngine['name'], engine: AutocastEngine): void {
  engines.set(name, engine);
}

/** Undefined for engines that compute in float32 only. */
export function autocastEngine(name: SelectedEngine['name']): AutocastEngine | undefined {
  return engines.get(name);
}

/** The engines that are loaded here and can do a precision on a device. */
export function enginesFor(precision: Precision, device: string): SelectedEngine['name'][] {
  return [...engines]
    .filter(([, engine]) => (engine.precisions(device) as readonly Precision[]).includes(precision))
    .map(([name]) => name);
}
