import type { Values } from './elementwise-optimizer.js';

/** The objective at `start + t * direction`. */
export interface LinePoint {
  t: number;
  loss: number;
  grad: Values;
  /** Derivative of the loss by t. */
  slope: number;
}

export interface LineSearchOptions {
  /** Sufficient decrease: `loss <= start.loss + decrease * t * start.slope`. */
  decrease: number;
  /** Curvature: `|slope| <= curvature * |start.slope|`. */
  curvature: number;
  /** The search ends when the bracket, in units of the largest move of a parameter, is smaller than this. */
  toleranceChange: number;
  maxSteps: number;
}

const defaults: LineSearchOptions = { decrease: 1e-4, curvature: 0.9, toleranceChange: 1e-9, maxSteps: 25 };

/**
 * A step along a descent direction that meets the strong Wolfe conditions: Nocedal & Wright, "Numerical
 * Optimization" (2006), algorithms 3.5 and 3.6, with cubic interpolation and the safeguards of minFunc, as PyTorch's
 * LBFGS has them.
 *
 * @param start the point at t = 0, whose slope is negative
 * @param directionSize the largest magnitude in the direction
 * @returns the best point found; it need not meet the conditions when the search ran out of steps.
 */
export function strongWolfe(
  evaluateAt: (t: number) => LinePoint,
  start: LinePoint,
  firstStep: number,
  directionSize: number,
  options: Partial<LineSearchOptions> = {},
): LinePoint {
  const { decrease, curvature, toleranceChange, maxSteps } = { ...defaults, ...options };
  const tooHigh = ({ t, loss }: LinePoint) => loss > start.loss + decrease * t * start.slope;
  const flat = ({ slope }: LinePoint) => Math.abs(slope) <= -curvature * start.slope;

  let steps = 0;
  let previous = start;
  let point = evaluateAt(firstStep);
  let bracket: [LinePoint, LinePoint] | undefined;
  while (bracket === undefined) {
    if (steps === maxSteps) {
      bracket = [start, point];
    } else if (tooHigh(point) || (steps > 1 && point.loss >= previous.loss)) {
      bracket = [previous, point];
    } else if (flat(point)) {
      return point;
    } else if (point.slope >= 0) {
      bracket = [previous, point];
    } else {
      const next = cubicMinimum(previous, point, point.t + 0.01 * (point.t - previous.t), point.t * 10);
      previous = point;
      point = evaluateAt(next);
      steps += 1;
    }
  }

  let [low, high] = bracket[0].loss <= bracket[1].loss ? bracket : [bracket[1], bracket[0]];
  let stalled = false;
  while (steps < maxSteps && Math.abs(high.t - low.t) * directionSize >= toleranceChange) {
    const left = Math.min(low.t, high.t);
    const right = Math.max(low.t, high.t);
    let t = cubicMinimum(low, high, left, right);
    // A trial at the edge of the bracket, or twice close to it, moves a tenth of the bracket inside.
    const margin = 0.1 * (right - left);
    const close = Math.min(right - t, t - left) < margin;
    const moveInside: boolean = close && (stalled || t >= right || t <= left);
    if (moveInside) t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
    stalled = close && !moveInside;

    point = evaluateAt(t);
    steps += 1;
    if (tooHigh(point) || point.loss >= low.loss) {
      high = point;
      if (high.loss < low.loss) [low, high] = [high, low];
      continue;
    }
    if (flat(point)) return point;
    if (point.slope * (high.t - low.t) >= 0) high = low;
    low = point;
  }
  return low;
}

/** Where the cubic through both points' losses and slopes is least, within bounds; their middle if nowhere. */
function cubicMinimum(a: LinePoint, b: LinePoint, lower: number, upper: number): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = left.slope + right.slope - (3 * (left.loss - right.loss)) / (left.t - right.t);
  const square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0)) return (lower + upper) / 2;
  const d2 = Math.sqrt(square);
  const share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  return Math.min(Math.max(right.t - (right.t - left.t) * share, lower), upper);
}
