import { broadcast_util, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { commonGraph, oneNode } from '../graphs.js';
import { type ActivationAttrs, activate } from './activation.js';
import { type HotKernel, isFloat, sizeOf } from './kernel.js';

interface MatMulAttrs {
  transposeA: boolean;
  transposeB: boolean;
}

export const batchMatMul: HotKernel<{ a: TensorInfo; b: TensorInfo }, MatMulAttrs> = ({
  inputs: { a, b },
  attrs,
  backend,
}) => product(backend, a, b, attrs);

for (const transA of [0, 1]) {
  for (const transB of [0, 1]) {
    const form = `${'NT'[transA]}${'NT'[transB]}`;
    const attributes = { transA, transB };
    commonGraph(`Gemm ${form}`, oneNode('Gemm', ['a', 'b'], attributes));
    commonGraph(`Gemm ${form} +`, oneNode('Gemm', ['a', 'b', 'c'], attributes));
    commonGraph(`MatMul ${form}`, oneNode('FusedMatMul', ['a', 'b'], attributes, 'com.microsoft'));
  }
}

interface FusedInputs {
  a: TensorInfo;
  b: TensorInfo;
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}

/** Matrix product, plus a bias of one value per column, then an activation. Other biases are left to `cpu`. */
export const fusedMatMul: HotKernel<FusedInputs, MatMulAttrs & ActivationAttrs> = ({
  inputs: { a, b, bias, preluActivationWeights },
  attrs,
  backend,
}) => {
  if (!isFloat(a, b, bias)) return undefined;
  const y = product(backend, a, b, attrs, bias);
  return y && activate(backend, y, attrs, preluActivationWeights);
};

function product(
  backend: OrtBackend,
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: MatMulAttrs,
  bias?: TensorInfo,
): TensorInfo | undefined {
  if (!isFloat(a, b)) return undefined;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [innerB, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  const outerA = a.shape.slice(0, -2);
  const outerB = b.shape.slice(0, -2);
  const outer = broadcast_util.assertAndGetBroadcastShape(outerA, outerB);
  const work = sizeOf(outer) * m * n * k;
  if (k !== innerB || work < backend.limits.product) return undefined;
  const parallel = work >= backend.limits.parallelProduct;

  const batchA = sizeOf(outerA);
  // One product serves the whole batch when the rows of `a` follow each other.
  const flat = sizeOf(outerB) === 1 && (batchA === 1 || !transposeA);
  if (bias !== undefined && !(flat && bias.shape.at(-1) === n && sizeOf(bias.shape) === n)) return undefined;
  const y = backend.allocate([...outer, m, n]);
  const form = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  if (flat) {
    const feeds = { a: backend.feed(a, [batchA * aRows, aColumns]), b: backend.feed(b, [bRows, bColumns]) };
    const sum = backend.feed(y, [batchA * m, n]);
    if (bias === undefined) backend.sessions.get(`Gemm ${form}`)(feeds, { y: sum }, parallel);
    else
      backend.sessions.get(`Gemm ${form} +`)({ ...feeds, c: backend.feed(bias, [n]) }, { y: sum }, parallel);
  } else {
    backend.sessions.get(`MatMul ${form}`)(
      { a: backend.feed(a), b: backend.feed(b) },
      { y: backend.feed(y) },
      parallel,
    );
  }
  return y;
}
