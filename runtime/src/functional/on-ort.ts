import { commonGraph, constant, floatGraph, node } from '../engines/ort/graphs.js';
import type { OnnxNode } from '../engines/ort/onnx-model.js';
import { runGraph, takesGraphs } from '../engines/ort/run-graph.js';
import * as tf from '../tf.js';
import { geluOperation } from './gelu.js';
import { type LayerNormAttrs, layerNormOperation } from './layer-norm.js';
import { type Operation, overrideOperation } from './registry.js';

/**
 * Operations as one call of the embedded engine per pass, instead of one per kernel: each call of a kernel costs
 * tfjs and ONNX Runtime some 20 µs, which on the tensors of a small model is most of it.
 */

const rowMean = (input: string, output: string) =>
  node('ReduceMean', [input], output, { axes: [1], keepdims: 1 });
const columnSum = (input: string, output: string): OnnxNode[] => [
  node('Constant', [], `${output} axis`, { value_ints: [0] }),
  node('ReduceSum', [input, `${output} axis`], output, { keepdims: 0 }),
];

/** One graph for each combination of weight and bias. */
function layerNormGraphs(hasWeight: boolean, hasBias: boolean) {
  const affine = [...(hasWeight ? ['weight'] : []), ...(hasBias ? ['bias'] : [])];
  const scaled = hasWeight
    ? node('Mul', ['normalized', 'weight'], 'scaled')
    : node('Identity', ['normalized'], 'scaled');
  const forward = floatGraph(
    [
      rowMean('x', 'mean'),
      node('Sub', ['x', 'mean'], 'centered'),
      node('Mul', ['centered', 'centered'], 'square'),
      rowMean('square', 'variance'),
      node('Add', ['variance', 'eps'], 'safe'),
      node('Sqrt', ['safe'], 'deviation'),
      node('Reciprocal', ['deviation'], 'inverseDeviation'),
      node('Mul', ['centered', 'inverseDeviation'], 'normalized'),
      scaled,
      hasBias ? node('Add', ['scaled', 'bias'], 'y') : node('Identity', ['scaled'], 'y'),
    ],
    ['x', 'eps', ...affine],
  );
  const backward = floatGraph(
    [
      hasWeight ? node('Mul', ['dy', 'weight'], 'g') : node('Identity', ['dy'], 'g'),
      rowMean('g', 'level'),
      node('Mul', ['g', 'normalized'], 'product'),
      rowMean('product', 'along'),
      node('Mul', ['normalized', 'along'], 'parallel'),
      node('Sub', ['g', 'level'], 'flat'),
      node('Sub', ['flat', 'parallel'], 'orthogonal'),
      node('Mul', ['orthogonal', 'inverseDeviation'], 'dx'),
      ...(hasWeight
        ? [node('Mul', ['dy', 'normalized'], 'onWeight'), ...columnSum('onWeight', 'dWeight')]
        : []),
      ...(hasBias ? columnSum('dy', 'dBias') : []),
    ],
    ['dy', 'normalized', 'inverseDeviation', ...(hasWeight ? ['weight'] : [])],
  );
  const name = `layer norm ${affine}`;
  const float = 'float32' as const;
  return {
    forward: commonGraph(name, {
      ...forward,
      outputs: { y: float, normalized: float, inverseDeviation: float },
    }),
    backward: commonGraph(`${name}, gradient`, {
      ...backward,
      outputs: { dx: float, ...(hasWeight && { dWeight: float }), ...(hasBias && { dBias: float }) },
    }),
  };
}

const layerNormByAffine = [false, true].map((weight) =>
  [false, true].map((bias) => layerNormGraphs(weight, bias)),
);
const graphsFor = ({ hasWeight, hasBias }: LayerNormAttrs) =>
  layerNormByAffine[Number(hasWeight)]![Number(hasBias)]!;

/** As `[rows, size]`. */
const asRows = (x: tf.Tensor, { dims }: LayerNormAttrs) =>
  x.reshape([-1, tf.util.sizeFromShape(x.shape.slice(x.rank - dims))]);
const flat = (x: tf.Tensor) => (x.rank === 1 ? x : x.reshape([-1]));

const layerNorm: Operation<LayerNormAttrs> = {
  name: layerNormOperation.name,

  forward(inputs, constants, attrs) {
    const [x, ...affine] = inputs as [tf.Tensor, ...tf.Tensor[]];
    if (!takesGraphs(x)) return layerNormOperation.forward(inputs, constants, attrs);
    const weight = attrs.hasWeight ? affine[0] : undefined;
    const bias = attrs.hasBias ? affine.at(-1) : undefined;
    const eps = tf.scalar(attrs.eps);
    const rows = asRows(x, attrs);
    const [value, normalized, inverseDeviation] = runGraph(
      graphsFor(attrs).forward,
      { x: rows, eps, ...(weight && { weight: flat(weight) }), ...(bias && { bias: flat(bias) }) },
      { y: rows.shape, normalized: rows.shape, inverseDeviation: [rows.shape[0]!, 1] },
    );
    return { value: value!.reshape(x.shape), saved: { normalized, inverseDeviation, weight } };
  },

  backward(dy, saved, attrs, needed) {
    if (!takesGraphs(dy)) return layerNormOperation.backward(dy, saved, attrs, needed);
    const { normalized, inverseDeviation, weight } = saved;
    const rows = asRows(dy, attrs);
    const size = rows.shape.slice(1);
    const grads = runGraph(
      graphsFor(attrs).backward,
      {
        dy: rows,
        normalized: normalized!,
        inverseDeviation: inverseDeviation!,
        ...(weight && { weight: flat(weight) }),
      },
      { dx: rows.shape, ...(attrs.hasWeight && { dWeight: size }), ...(attrs.hasBias && { dBias: size }) },
    );
    const last = dy.shape.slice(dy.rank - attrs.dims);
    return grads.map((grad, i) => grad.reshape(i === 0 ? dy.shape : last));
  },
};

const geluForward = commonGraph('gelu', {
  ...floatGraph(
    [
      constant('√½', Math.SQRT1_2),
      constant('one', 1),
      constant('half', 0.5),
      node('Mul', ['x', '√½'], 'z'),
      node('Erf', ['z'], 'erf'),
      node('Add', ['erf', 'one'], 'twice'),
      node('Mul', ['twice', 'half'], 'cdf'),
      node('Mul', ['x', 'cdf'], 'y'),
    ],
    ['x'],
  ),
  outputs: { y: 'float32', cdf: 'float32' },
});

const geluBackward = commonGraph(
  'gelu, gradient',
  floatGraph(
    [
      constant('minus half', -0.5),
      constant('peak', 1 / Math.sqrt(2 * Math.PI)),
      node('Mul', ['x', 'x'], 'square'),
      node('Mul', ['square', 'minus half'], 'exponent'),
      node('Exp', ['exponent'], 'bell'),
      node('Mul', ['bell', 'peak'], 'density'),
      node('Mul', ['x', 'density'], 'change'),
      node('Add', ['cdf', 'change'], 'slope'),
      node('Mul', ['dy', 'slope'], 'y'),
    ],
    ['dy', 'x', 'cdf'],
  ),
);

const gelu: Operation<undefined> = {
  name: geluOperation.name,

  forward(inputs, constants, attrs) {
    const [x] = inputs as [tf.Tensor];
    if (!takesGraphs(x)) return geluOperation.forward(inputs, constants, attrs);
    const [value, cdf] = runGraph(geluForward, { x }, { y: x.shape, cdf: x.shape });
    return { value: value!, saved: { x, cdf } };
  },

  backward(dy, saved, attrs, needed) {
    if (!takesGraphs(dy)) return geluOperation.backward(dy, saved, attrs, needed);
    return runGraph(geluBackward, { dy, x: saved.x!, cdf: saved.cdf! }, { y: dy.shape });
  },
};

overrideOperation('ort', layerNorm);
overrideOperation('ort', gelu);
