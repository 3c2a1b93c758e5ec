import { peekHostView } from '../engines/host-memory.js';
import { torchGradients } from '../engines/torch/gradients.js';
import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';
import { gradOf, ownGrad, setGrad } from './gradients.js';

/** Which norm: 1, 2, any other p ≥ 1, or `Infinity` for the largest magnitude. */
export type NormType = number;

/**
 * The norm of all elements of all tensors as one vector. Not finite when an element is not. 0 for no tensors.
 *
 * @throws PLError PL7007 for a norm type below 1.
 */
export function totalNorm(tensors: readonly tf.Tensor[], normType: NormType = 2): number {
  checkNormType(normType);
  const torch = torchGradients();
  if (torch !== undefined) return torch.totalNorm(tensors, normType);
  const powers = tensors.map((t) => {
    const values = peekHostView(t);
    return values === undefined ? powerOnEngine(t, normType) : powerOnHost(values, normType);
  });
  if (normType !== Infinity) return powers.reduce((sum, power) => sum + power, 0) ** (1 / normType);
  return powers.reduce((largest, power) => Math.max(largest, power), 0);
}

/**
 * Scales the gradients of `params` down, all by the same factor, so that their common norm is at most `maxNorm`
 * (`maxNorm / (norm + 1e-6)` where that is below 1, as PyTorch does).
 *
 * @returns the norm before clipping, of the gradients that exist.
 * @throws PLError PL7007 for a negative limit or a norm type below 1.
 */
export function clipGradNorm(params: Iterable<tf.Variable>, maxNorm: number, normType: NormType = 2): number {
  checkLimit('clipGradNorm', maxNorm);
  const torch = torchGradients();
  if (torch !== undefined) {
    checkNormType(normType);
    return torch.clipNorm(ownGrads(params), maxNorm, normType);
  }
  const withGrad = [...params].filter((v) => gradOf(v) !== undefined);
  const norm = totalNorm(
    withGrad.map((v) => gradOf(v)!),
    normType,
  );
  const factor = Math.min(1, maxNorm / (norm + 1e-6));
  if (factor !== 1) for (const v of withGrad) scaleGrad(v, factor);
  return norm;
}

/**
 * Limits every element of the gradients of `params` to `-clipValue … clipValue`.
 *
 * @throws PLError PL7007 for a negative limit.
 */
export function clipGradValue(params: Iterable<tf.Variable>, clipValue: number): void {
  checkLimit('clipGradValue', clipValue);
  const torch = torchGradients();
  if (torch !== undefined) {
    torch.clipValue(ownGrads(params), clipValue);
    return;
  }
  for (const v of params) {
    const grad = gradOf(v);
    if (grad === undefined) continue;
    const values = peekHostView(grad);
    if (values === undefined) setGrad(v, grad.clipByValue(-clipValue, clipValue));
    else {
      for (let i = 0; i < values.length; i++) {
        values[i] = Math.max(-clipValue, Math.min(clipValue, values[i]!));
      }
    }
  }
}

function scaleGrad(v: tf.Variable, factor: number): void {
  const grad = gradOf(v)!;
  const values = peekHostView(grad);
  if (values === undefined) setGrad(v, grad.mul(factor));
  else for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

/** The sum of |x|^p, or the largest |x| for p = Infinity. */
function powerOnHost(values: ArrayLike<number>, p: NormType): number {
  let power = 0;
  if (p === 2) return sumOfSquares(values);
  if (p === 1) for (let i = 0; i < values.length; i++) power += Math.abs(values[i]!);
  else if (p === Infinity)
    for (let i = 0; i < values.length; i++) power = Math.max(power, Math.abs(values[i]!));
  else for (let i = 0; i < values.length; i++) power += Math.abs(values[i]!) ** p;
  return power;
}

/** Four sums side by side: one alone waits for each addition. */
function sumOfSquares(values: ArrayLike<number>): number {
  const { length } = values;
  const unrolled = length - (length % 4);
  let sumA = 0;
  let sumB = 0;
  let sumC = 0;
  let sumD = 0;
  for (let i = 0; i < unrolled; i += 4) {
    const a = values[i]!;
    const b = values[i + 1]!;
    const c = values[i + 2]!;
    const d = values[i + 3]!;
    sumA += a * a;
    sumB += b * b;
    sumC += c * c;
    sumD += d * d;
  }
  for (let i = unrolled; i < length; i++) sumA += values[i]! * values[i]!;
  return sumA + sumB + sumC + sumD;
}

function powerOnEngine(t: tf.Tensor, p: NormType): number {
  if (t.size === 0) return 0;
  return tf.tidy(() => {
    const power = p === Infinity ? t.abs().max() : p === 2 ? t.square().sum() : t.abs().pow(p).sum();
    return power.dataSync()[0]!;
  });
}

/** The gradients that exist. */
function ownGrads(params: Iterable<tf.Variable>): tf.Tensor[] {
  return Array.from(params, ownGrad).filter((grad) => grad !== undefined);
}

function checkNormType(normType: NormType): void {
  if (normType >= 1) return;
  throw new PLError('PL7007', `the norm type must be a number of at least 1 or Infinity, got ${normType}`);
}

function checkLimit(what: string, limit: number): void {
  if (limit >= 0) return;
  throw new PLError('PL7007', `${what}: the limit must be a number of at least 0, got ${limit}`);
}
