import type { Values } from './elementwise-optimizer.js';

/** A pair of the history: how the gradient changed (y) over a step of the parameters (s), and 1 / (y · s). */
export interface Correction {
  gradChange: Values;
  step: Values;
  rho: number;
}

/** What L-BFGS remembers between iterations; the arrays are written in place. */
export interface LimitedMemory {
  /** Iterations so far, over all steps of the optimizer. */
  iterations: number;
  /** Evaluations of the closure so far. */
  evaluations: number;
  direction: Values;
  previousGrad: Values;
  previousLoss: number;
  /** The last step's length in units of `direction`. */
  stepLength: number;
  /** Scale of the first guess of the inverse Hessian. */
  scale: number;
  /** Oldest first. */
  corrections: Correction[];
}

/** A pair whose y · s is not above this would spoil the estimate and is left out. */
const leastCurvature = 1e-10;

/**
 * Sets `memory.direction` to the descent direction for `grad`: the two-loop recursion of Nocedal, "Updating
 * Quasi-Newton Matrices with Limited Storage" (1980).
 *
 * @param newCorrection gives arrays for another pair; when the history is full, its oldest pair is reused instead.
 */
export function updateDirection(
  memory: LimitedMemory,
  grad: Values,
  historySize: number,
  newCorrection: () => Correction,
): void {
  const { direction, corrections } = memory;
  if (memory.iterations === 1) {
    for (let i = 0; i < grad.length; i++) direction[i] = -grad[i]!;
    memory.scale = 1;
    return;
  }
  remember(memory, grad, historySize, newCorrection);

  for (let i = 0; i < grad.length; i++) direction[i] = -grad[i]!;
  const weights: number[] = [];
  for (let k = corrections.length - 1; k >= 0; k--) {
    const { gradChange, step, rho } = corrections[k]!;
    weights[k] = dot(step, direction) * rho;
    addScaled(direction, -weights[k]!, gradChange);
  }
  for (let i = 0; i < direction.length; i++) direction[i]! *= memory.scale;
  corrections.forEach(({ gradChange, step, rho }, k) => {
    addScaled(direction, weights[k]! - dot(gradChange, direction) * rho, step);
  });
}

/** Adds the last step and what it did to the gradient to the history, if the curvature along it is positive. */
function remember(
  memory: LimitedMemory,
  grad: Values,
  historySize: number,
  newCorrection: () => Correction,
): void {
  const { direction, previousGrad, stepLength, corrections } = memory;
  let curvature = 0;
  let changeSq = 0;
  for (let i = 0; i < grad.length; i++) {
    const change = grad[i]! - previousGrad[i]!;
    curvature += change * direction[i]! * stepLength;
    changeSq += change * change;
  }
  if (!(curvature > leastCurvature)) return;
  const full = corrections.length >= historySize;
  const correction = full ? corrections.shift()! : newCorrection();
  for (let i = 0; i < grad.length; i++) {
    correction.gradChange[i] = grad[i]! - previousGrad[i]!;
    correction.step[i] = direction[i]! * stepLength;
  }
  correction.rho = 1 / curvature;
  corrections.push(correction);
  memory.scale = curvature / changeSq;
}

export function dot(a: Values, b: Values): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function largestMagnitude(values: Values): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

function addScaled(target: Values, factor: number, values: Values): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * values[i]!;
}
