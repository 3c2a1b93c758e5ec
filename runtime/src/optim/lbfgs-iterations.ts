import type { Values } from './elementwise-optimizer.js';
import {
  type Correction,
  dot,
  type LimitedMemory,
  largestMagnitude,
  updateDirection,
} from './limited-memory.js';
import { strongWolfe } from './strong-wolfe.js';

export interface Evaluation {
  loss: number;
  /** Belongs to the receiver. */
  grad: Values;
}

export interface LBFGSOptions {
  /** Length of a step without line search; the first trial with one. @default 1 */
  lr: number;
  /** Iterations per step of the optimizer. @default 20 */
  maxIter: number;
  /** Evaluations of the closure per step of the optimizer; null for 5/4 of `maxIter`. @default null */
  maxEval: number | null;
  /** Stops when no element of the gradient is larger. @default 1e-7 */
  toleranceGrad: number;
  /** Stops when neither parameters nor loss change by more. @default 1e-9 */
  toleranceChange: number;
  /** Pairs of steps and gradients to remember. @default 100 */
  historySize: number;
  /** @default null */
  lineSearchFn: 'strong_wolfe' | null;
}

/**
 * The iterations of one L-BFGS step.
 *
 * @param x the parameters as one vector, updated in place
 * @param first the loss and gradient at x
 * @param evaluateAt loss and gradient at another point
 * @param newCorrection gives arrays for another pair of the history
 */
export function iterate(
  x: Values,
  first: Evaluation,
  evaluateAt: (x: Values) => Evaluation,
  memory: LimitedMemory,
  newCorrection: () => Correction,
  options: Readonly<LBFGSOptions>,
): void {
  const { lr, maxIter, toleranceGrad, toleranceChange, historySize, lineSearchFn } = options;
  const maxEval = options.maxEval ?? Math.floor((maxIter * 5) / 4);
  let { loss, grad } = first;
  let evaluations = 1;
  memory.evaluations += 1;
  if (largestMagnitude(grad) <= toleranceGrad) return;

  const { direction } = memory;
  const trial = x.slice();
  const evaluateAlong = (t: number) => {
    for (let i = 0; i < x.length; i++) trial[i] = x[i]! + t * direction[i]!;
    const at = evaluateAt(trial);
    evaluations += 1;
    memory.evaluations += 1;
    return { t, ...at, slope: dot(at.grad, direction) };
  };

  for (let iteration = 1; iteration <= maxIter; iteration++) {
    memory.iterations += 1;
    updateDirection(memory, grad, historySize, newCorrection);
    memory.previousGrad.set(grad);
    memory.previousLoss = loss;
    const firstGuess = memory.iterations === 1 ? Math.min(1, 1 / sumOfMagnitudes(grad)) : 1;
    memory.stepLength = firstGuess * lr;

    const slope = dot(grad, direction);
    if (slope > -toleranceChange) return;

    if (lineSearchFn === 'strong_wolfe') {
      const start = { t: 0, loss, grad, slope };
      const size = largestMagnitude(direction);
      const found = strongWolfe(evaluateAlong, start, memory.stepLength, size, {
        toleranceChange,
        maxSteps: Math.min(25, maxEval - evaluations),
      });
      ({ loss, grad, t: memory.stepLength } = found);
    } else if (iteration < maxIter) {
      ({ loss, grad } = evaluateAlong(memory.stepLength));
    }
    for (let i = 0; i < x.length; i++) x[i]! += memory.stepLength * direction[i]!;

    const done =
      evaluations >= maxEval ||
      largestMagnitude(grad) <= toleranceGrad ||
      largestMagnitude(direction) * Math.abs(memory.stepLength) <= toleranceChange ||
      Math.abs(loss - memory.previousLoss) < toleranceChange;
    if (done) return;
  }
}

function sumOfMagnitudes(values: Values): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum;
}
