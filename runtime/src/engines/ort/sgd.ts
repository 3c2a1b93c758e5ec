import * as tf from '../../tf.js';
import { OrtBackend } from './backend.js';
import type { OrtTensor } from './binding.js';
import { commonGraph, floatGraph, node } from './graphs.js';
import { scalar } from './kernels/kernel.js';

const descent = [node('Mul', ['d', 'rate'], 'step'), node('Sub', ['p', 'step'], 'y')];
const decay = [node('Mul', ['p', 'penalty'], 'pull'), node('Add', ['g', 'pull'], 'd')];

/** `p - rate * d` */
const descentGraph = commonGraph('SGD descent', floatGraph(descent, ['p', 'd', 'rate']));

/** `p - rate * (g + penalty * p)` */
const decayingDescentGraph = commonGraph(
  'SGD descent with weight decay',
  floatGraph([...decay, ...descent], ['p', 'g', 'penalty', 'rate']),
);

const momentum = [
  node('Mul', ['b', 'keep'], 'kept'),
  node('Mul', ['d', 'take'], 'taken'),
  node('Add', ['kept', 'taken'], 'y'),
];

/** `keep * b + take * d` */
const momentumGraph = commonGraph('SGD momentum', floatGraph(momentum, ['b', 'd', 'keep', 'take']));

/** `keep * b + take * (g + penalty * p)` */
const decayingMomentumGraph = commonGraph(
  'SGD momentum with weight decay',
  floatGraph([...decay, ...momentum], ['b', 'p', 'g', 'penalty', 'keep', 'take']),
);

export interface SgdValues {
  param: Float32Array | Float64Array;
  grad: Float32Array | Float64Array;
  /** The momentum buffer, if there is one. */
  buffer?: Float32Array | Float64Array | undefined;
}

export interface SgdScalars {
  /** 1, or -1 to ascend. */
  sign: number;
  weightDecay: number;
  lr: number;
  /** Factors on the momentum buffer and on what enters it. */
  keep?: number;
  take?: number;
}

/**
 * One step of SGD, without Nesterov's variant, on a large parameter, in place: a quarter of the time of a loop in
 * JavaScript. Every operation rounds to float32, as in PyTorch, where the loop computes in double precision: a step
 * may differ in the last bit. Does nothing and returns false on other engines and for small parameters.
 */
export function sgdInPlace({ param, grad, buffer }: SgdValues, scalars: SgdScalars): boolean {
  const backend = tf.backend();
  if (!(backend instanceof OrtBackend) || param.length < 32 * backend.limits.elements) return false;
  const p = wrap(param);
  const g = wrap(grad);
  const b = buffer && wrap(buffer);
  if (p === undefined || g === undefined || (buffer !== undefined && b === undefined)) return false;
  // Each graph is several element-wise operations.
  const parallel = 2 * param.length >= backend.limits.parallelElements;
  const run = (graph: string, inputs: Record<string, OrtTensor>, y: OrtTensor) =>
    backend.sessions.get(graph)(inputs, { y }, parallel);

  // sign * g + weightDecay * p is sign times (g + sign * weightDecay * p).
  const { sign, weightDecay, lr, keep = 0, take = 1 } = scalars;
  const penalty = scalar(sign * weightDecay);
  if (b !== undefined) {
    const factors = { keep: scalar(keep), take: scalar(sign * take) };
    if (weightDecay === 0) run(momentumGraph, { b, d: g, ...factors }, b);
    else run(decayingMomentumGraph, { b, p, g, penalty, ...factors }, b);
    run(descentGraph, { p, d: b, rate: scalar(lr) }, p);
  } else if (weightDecay === 0) {
    run(descentGraph, { p, d: g, rate: scalar(sign * lr) }, p);
  } else {
    run(decayingDescentGraph, { p, g, penalty, rate: scalar(sign * lr) }, p);
  }
  return true;
}

function wrap(data: Float32Array | Float64Array): OrtTensor | undefined {
  return data instanceof Float32Array ? { type: 'float32', dims: [data.length], data } : undefined;
}
