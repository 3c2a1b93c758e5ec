import { broadcast_util, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import type { OrtTensors } from '../binding.js';
import { commonGraph, floatGraph, oneNode } from '../graphs.js';
import type { Attribute, OnnxGraph, OnnxNode } from '../onnx-model.js';
import { type HotKernel, isFloat, scalar, sizeOf } from './kernel.js';
import { sumsToNumber } from './reductions.js';

// biome-ignore lint/suspicious/noExplicitAny: each kernel has attributes of its own
type UnaryKernel = HotKernel<{ x: TensorInfo }, any>;
type BinaryKernel = HotKernel<{ a: TensorInfo; b: TensorInfo }, object>;

function node(op: string, inputs: string[], output = 'y'): OnnxNode {
  return { op, inputs, outputs: [output] };
}

function map(
  backend: OrtBackend,
  x: TensorInfo,
  key: string,
  graph?: () => OnnxGraph,
  constants?: OrtTensors,
): TensorInfo | undefined {
  const size = sizeOf(x.shape);
  if (x.dtype !== 'float32' || size < backend.limits.elements) return undefined;
  const y = backend.allocate(x.shape);
  const dims = [size];
  const parallel = size >= backend.limits.parallelElements;
  backend.sessions.get(key, graph)(
    { x: backend.feed(x, dims), ...constants },
    { y: backend.feed(y, dims) },
    parallel,
  );
  return y;
}

/** A graph over one float32 tensor: one operator of ONNX, or the nodes given. */
function unary(name: string, nodes: readonly OnnxNode[] = [node(name, ['x'])]): UnaryKernel {
  commonGraph(name, floatGraph(nodes, ['x']));
  return ({ inputs: { x }, backend }) => map(backend, x, name);
}

function withAlpha(op: string): UnaryKernel {
  return ({ inputs: { x }, attrs, backend }) => {
    const attributes: Record<string, Attribute> = { alpha: { float: (attrs as { alpha: number }).alpha } };
    return map(backend, x, `${op} ${JSON.stringify(attributes)}`, () => oneNode(op, ['x'], attributes));
  };
}

const clipGraph = commonGraph('Clip', oneNode('Clip', ['x', 'min', 'max']));

function clip(backend: OrtBackend, x: TensorInfo, min: number, max: number): TensorInfo | undefined {
  return map(backend, x, clipGraph, undefined, { min: scalar(min), max: scalar(max) });
}

/** A graph over two float32 tensors, with broadcasting: one operator of ONNX, or the nodes given. */
function binary(name: string, nodes?: readonly OnnxNode[]): BinaryKernel {
  const run = pairwise('float32', name, nodes);
  return ({ inputs: { a, b }, backend }) => run(backend, a, b);
}

/** As {@link binary}, for results of type bool. */
function comparison(name: string, nodes?: readonly OnnxNode[]): BinaryKernel {
  const run = pairwise('bool', name, nodes);
  return ({ inputs: { a, b }, backend }) => run(backend, a, b);
}

function pairwise(
  type: 'float32' | 'bool',
  name: string,
  nodes = [node(name, ['a', 'b'])] as readonly OnnxNode[],
) {
  commonGraph(name, { ...floatGraph(nodes, ['a', 'b']), outputs: { y: type } });
  return (backend: OrtBackend, a: TensorInfo, b: TensorInfo): TensorInfo | undefined => {
    if (!isFloat(a, b)) return undefined;
    const sizeA = sizeOf(a.shape);
    const sizeB = sizeOf(b.shape);
    const size = Math.max(sizeA, sizeB);
    if (size < backend.limits.elements || sizeA === 0 || sizeB === 0) return undefined;
    const shape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const y =
      type === 'float32'
        ? backend.allocate(shape)
        : backend.makeTensorInfo(shape, 'bool', new Uint8Array(sizeOf(shape)));
    const output = type === 'float32' ? backend.feed(y) : backend.feedBool(y);
    backend.sessions.get(name)(
      { a: backend.feed(a), b: backend.feed(b) },
      { y: output },
      size >= backend.limits.parallelElements,
    );
    return y;
  };
}

/** 0 up to 0, 1 above: one hard sigmoid as steep as float32 allows, and another for what is too small for the first. */
export function stepNodes(input: string, output: string): OnnxNode[] {
  return [steepSigmoid(input, `${output}, nearly`), steepSigmoid(`${output}, nearly`, output)];
}

/** 0 up to 0, 1 from 2.9e-39, and a slope in between. */
export function steepSigmoid(input: string, output: string): OnnxNode {
  const attributes = { alpha: { float: 3.4e38 }, beta: { float: 0 } };
  return { op: 'HardSigmoid', inputs: [input], outputs: [output], attributes };
}

const erfGraph = commonGraph('Erf', oneNode('Erf', ['x']));

export const unaryKernels = {
  Abs: unary('Abs'),
  Ceil: unary('Ceil'),
  ClipByValue: ({ inputs: { x }, attrs, backend }) =>
    clip(backend, x, attrs.clipValueMin, attrs.clipValueMax),
  Cos: unary('Cos'),
  Elu: unary('Elu'),
  // ONNX Runtime's own gives 1 for NaN.
  Erf: ({ inputs: { x }, backend }) => (sumsToNumber(backend, x) ? map(backend, x, erfGraph) : undefined),
  Exp: unary('Exp'),
  Floor: unary('Floor'),
  LeakyRelu: withAlpha('LeakyRelu'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Relu6: ({ inputs: { x }, backend }) => clip(backend, x, 0, 6),
  Rsqrt: unary('Rsqrt', [node('Sqrt', ['x'], 'root'), node('Reciprocal', ['root'])]),
  Sigmoid: unary('Sigmoid'),
  Sin: unary('Sin'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Square: unary('Square', [node('Mul', ['x', 'x'])]),
  Tanh: unary('Tanh'),
} satisfies Record<string, UnaryKernel>;

const power = pairwise('float32', 'Pow');

export const binaryKernels = {
  Add: binary('Add'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Multiply: binary('Mul'),
  Pow: ({ inputs: { a, b }, backend }) =>
    // A general power takes 40 times as long as a product.
    sizeOf(b.shape) === 1 && b.shape.length <= a.shape.length && isFloat(a, b) && backend.float32(b)[0] === 2
      ? map(backend, a, 'Square')
      : power(backend, a, b),
  RealDiv: binary('Div'),
  SquaredDifference: binary('SquaredDifference', [
    node('Sub', ['a', 'b'], 'difference'),
    node('Mul', ['difference', 'difference']),
  ]),
  Sub: binary('Sub'),
  Equal: comparison('Equal'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  NotEqual: comparison('NotEqual', [node('Equal', ['a', 'b'], 'equal'), node('Not', ['equal'])]),
} satisfies Record<string, BinaryKernel>;

/** Adds one value per channel (the last axis), in place: `x` must be nobody else's. */
export function addBias(backend: OrtBackend, x: TensorInfo, bias: TensorInfo): void {
  const y = backend.feed(x);
  const parallel = sizeOf(x.shape) >= backend.limits.parallelElements;
  backend.sessions.get('Add')({ a: y, b: backend.feed(bias) }, { y }, parallel);
}

interface SelectInputs {
  condition: TensorInfo;
  t: TensorInfo;
  e: TensorInfo;
}

/** `condition ? t : e`; a condition of rank 1 chooses whole rows. */
export const select: HotKernel<SelectInputs, object> = ({ inputs: { condition, t, e }, backend }) => {
  const size = sizeOf(t.shape);
  if (!isFloat(t, e) || condition.dtype !== 'bool' || size < backend.limits.elements) return undefined;
  const rows = sizeOf(condition.shape);
  if (rows === 0 || size % rows !== 0) return undefined;
  const y = backend.allocate(t.shape);
  const dims = [rows, size / rows];
  const where = backend.sessions.get('Where', () => ({
    nodes: [node('Where', ['condition', 't', 'e'])],
    inputs: { condition: 'bool', t: 'float32', e: 'float32' },
    outputs: { y: 'float32' },
  }));
  where(
    { condition: backend.feedBool(condition, [rows, 1]), t: backend.feed(t, dims), e: backend.feed(e, dims) },
    { y: backend.feed(y, dims) },
  );
  return y;
};

/** The sum of any number of tensors of one shape. */
export const addN: HotKernel<readonly TensorInfo[], object> = ({ inputs, backend }) => {
  const [first] = inputs;
  if (first === undefined || !isFloat(...inputs)) return undefined;
  const size = sizeOf(first.shape);
  if (size < backend.limits.elements || inputs.some(({ shape }) => sizeOf(shape) !== size)) return undefined;
  const names = inputs.map((_, i) => `x${i}`);
  const y = backend.allocate(first.shape);
  const feeds = Object.fromEntries(inputs.map((x, i) => [names[i], backend.feed(x, [size])]));
  backend.sessions.get(`Sum of ${inputs.length}`, () => oneNode('Sum', names))(feeds, {
    y: backend.feed(y, [size]),
  });
  return y;
};
