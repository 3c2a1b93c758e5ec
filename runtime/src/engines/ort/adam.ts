import * as tf from '../../tf.js';
import { OrtBackend } from './backend.js';
import type { OrtTensor } from './binding.js';
import { commonGraph, floatGraph } from './graphs.js';
import { scalar } from './kernels/kernel.js';
import type { OnnxNode } from './onnx-model.js';

function node(op: string, inputs: string[], output: string): OnnxNode {
  return { op, inputs, outputs: [output] };
}

/** The average moves towards the gradient. */
const averageGraph = commonGraph(
  'Adam average',
  floatGraph(
    [node('Sub', ['g', 'm'], 'off'), node('Mul', ['off', 'take'], 'move'), node('Add', ['m', 'move'], 'y')],
    ['m', 'g', 'take'],
  ),
);

const averageSqGraph = commonGraph(
  'Adam average of squares',
  floatGraph(
    [
      node('Mul', ['g', 'g'], 'square'),
      node('Mul', ['square', 'take'], 'taken'),
      node('Mul', ['v', 'keep'], 'kept'),
      node('Add', ['kept', 'taken'], 'y'),
    ],
    ['v', 'g', 'keep', 'take'],
  ),
);

const stepNodes = [
  node('Sqrt', ['v'], 'root'),
  node('Add', ['root', 'eps'], 'deviation'),
  node('Div', ['m', 'deviation'], 'direction'),
  node('Mul', ['direction', 'size'], 'step'),
];

const descentGraph = commonGraph(
  'Adam descent',
  floatGraph([...stepNodes, node('Sub', ['p', 'step'], 'y')], ['p', 'm', 'v', 'eps', 'size']),
);

const shrinkingDescentGraph = commonGraph(
  'Adam descent with weight decay',
  floatGraph(
    [...stepNodes, node('Mul', ['p', 'shrink'], 'shrunk'), node('Sub', ['shrunk', 'step'], 'y')],
    ['p', 'm', 'v', 'eps', 'size', 'shrink'],
  ),
);

export interface AdamValues {
  param: Float32Array | Float64Array;
  grad: Float32Array | Float64Array;
  average: Float32Array | Float64Array;
  averageSq: Float32Array | Float64Array;
}

export interface AdamScalars {
  beta1: number;
  beta2: number;
  /** Step size and epsilon, bias corrections included. */
  stepSize: number;
  epsilon: number;
  /** Factor on the parameter, for weight decay apart from the gradient (AdamW). */
  shrink: number;
}

/**
 * One step of Adam or AdamW on a large parameter, in place, in float32: two thirds of the time of a loop in JavaScript,
 * less on several threads. Does nothing and returns false on other engines and for small parameters.
 */
export function adamInPlace(
  { param, grad, average, averageSq }: AdamValues,
  { beta1, beta2, stepSize, epsilon, shrink }: AdamScalars,
): boolean {
  const backend = tf.backend();
  if (!(backend instanceof OrtBackend) || param.length < 16 * backend.limits.elements) return false;
  const arrays = [param, grad, average, averageSq];
  if (!arrays.every((array) => array instanceof Float32Array)) return false;
  const [p, g, m, v] = arrays.map((data): OrtTensor => ({ type: 'float32', dims: [data.length], data })) as [
    OrtTensor,
    OrtTensor,
    OrtTensor,
    OrtTensor,
  ];
  // Each graph is several element-wise operations.
  const parallel = 4 * param.length >= backend.limits.parallelElements;
  const run = (graph: string, inputs: Record<string, OrtTensor>, y: OrtTensor) =>
    backend.sessions.get(graph)(inputs, { y }, parallel);
  run(averageGraph, { m, g, take: scalar(1 - beta1) }, m);
  run(averageSqGraph, { v, g, keep: scalar(beta2), take: scalar(1 - beta2) }, v);
  const descent = { p, m, v, eps: scalar(epsilon), size: scalar(stepSize) };
  if (shrink === 1) run(descentGraph, descent, p);
  else run(shrinkingDescentGraph, { ...descent, shrink: scalar(shrink) }, p);
  return true;
}
