import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend, Plan } from '../backend.js';
import { commonGraph, floatGraph } from '../graphs.js';
import type { OnnxNode } from '../onnx-model.js';
import { steepSigmoid, stepNodes } from './elementwise.js';
import { sizeOf, snapshot } from './kernel.js';

function node(
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode {
  return { op, inputs, outputs, attributes };
}

/** The maxima of x [batch · height / 2, 2, width / 2, 2, channels] and what they are maxima of. */
const maximaNodes = [
  node('Split', ['x'], ['left', 'right'], { axis: 3 }),
  node('Max', ['left', 'right'], ['rows']),
  node('Split', ['rows'], ['top', 'bottom'], { axis: 1 }),
];

/** `into[0]` gets `dy` where first >= second, `into[1]` gets the rest. */
function toLarger(first: string, second: string, dy: string, into: [string, string]): OnnxNode[] {
  const [isFirst, mask] = [`${first} is larger`, `${first} mask`];
  return [
    node('GreaterOrEqual', [first, second], [isFirst]),
    node('Cast', [isFirst], [mask], { to: 1 }),
    node('Mul', [dy, mask], [into[0]]),
    node('Sub', [dy, into[0]], [into[1]]),
  ];
}

/**
 * As {@link toLarger}, in half the time, for values of which no two are infinite. Two that differ by less than 2.9e-39
 * share the gradient.
 */
function toLargerFinite(first: string, second: string, dy: string, into: [string, string]): OnnxNode[] {
  const [lead, mask] = [`lead over ${first}`, `${second} mask`];
  return [
    node('Sub', [second, first], [lead]),
    steepSigmoid(lead, mask),
    node('Mul', [dy, mask], [into[1]]),
    node('Sub', [dy, into[1]], [into[0]]),
  ];
}

function gradientGraph(dy: string, before: readonly OnnxNode[], choose: typeof toLarger) {
  const nodes = [
    ...maximaNodes,
    ...before,
    ...choose('top', 'bottom', dy, ['dTop', 'dBottom']),
    node('Concat', ['dTop', 'dBottom'], ['dRows'], { axis: 1 }),
    ...choose('left', 'right', 'dRows', ['dLeft', 'dRight']),
    node('Concat', ['dLeft', 'dRight'], ['y'], { axis: 3 }),
  ];
  return floatGraph(nodes, ['x', 'dy']);
}

const pairsGradient = commonGraph('MaxPool 2x2 gradient', gradientGraph('dy', [], toLarger));

/** x is a ReLU's result. Its gradient stops where x is 0, and so is the maximum where all of a window is. */
const pairsAndReluGradient = commonGraph(
  'MaxPool 2x2 of Relu gradient',
  gradientGraph(
    'dMaxima',
    [
      node('Max', ['top', 'bottom'], ['maxima']),
      ...stepNodes('maxima', 'active'),
      node('Mul', ['dy', 'active'], ['dMaxima']),
    ],
    toLargerFinite,
  ),
);

/** The gradient of a max pool with windows of 2 × 2 side by side: each value of `dy` goes to the first maximum. */
export class PairsGradientPlan implements Plan {
  readonly inputs: readonly TensorInfo[];
  /** [batch, height, width, channels] */
  readonly x: TensorInfo;
  readonly dy: TensorInfo;

  constructor(
    readonly backend: OrtBackend,
    x: TensorInfo,
    dy: TensorInfo,
  ) {
    this.x = snapshot(x);
    this.dy = snapshot(dy);
    this.inputs = [this.x, this.dy];
  }

  run(): TensorInfo {
    return this.#run(pairsGradient);
  }

  /** Where x is the result of a ReLU: the gradient of the ReLU's input. */
  runThroughRelu(): TensorInfo {
    return this.#run(pairsAndReluGradient);
  }

  #run(graph: string): TensorInfo {
    const { backend, x, dy } = this;
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [rows, columns] = [(batch * height) / 2, width / 2];
    const dims = [rows, 2, columns, 2, channels];
    const dx = backend.allocate(x.shape);
    backend.sessions.get(graph)(
      { x: backend.feed(x, dims), dy: backend.feed(dy, [rows, 1, columns, 1, channels]) },
      { y: backend.feed(dx, dims) },
      sizeOf(x.shape) >= backend.limits.parallelElements,
    );
    return dx;
  }
}
