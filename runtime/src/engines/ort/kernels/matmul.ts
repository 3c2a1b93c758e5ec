import type { TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { oneNode } from '../sessions.js';
import { type ActivationAttrs, activate } from './activation.js';
import { type HotKernel, isFloat, sameShape, sizeOf } from './kernel.js';

interface MatMulAttrs {
  transposeA: boolean;
  transposeB: boolean;
}

export const batchMatMul: HotKernel<{ a: TensorInfo; b: TensorInfo }, MatMulAttrs> = ({
  inputs: { a, b },
  attrs,
  backend,
}) => product(backend, a, b, attrs);

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
  const outer = outerA.length >= outerB.length ? outerA : outerB;
  const batch = sizeOf(outerA);
  if (k !== innerB || batch * m * n * k < backend.limits.product) return undefined;
  if (!sameShape(outerA, outerB) && (batch !== 1 || sizeOf(outerB) !== 1)) return undefined;
  if (bias !== undefined && (batch !== 1 || sizeOf(bias.shape) !== n || bias.shape.at(-1) !== n)) {
    return undefined;
  }

  const y = backend.allocate([...outer, m, n]);
  const form = `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`;
  if (batch === 1) {
    const gemm = backend.sessions.get(`Gemm ${form} ${bias ? '+' : ''}`, () => ({
      ...oneNode('Gemm', bias ? ['a', 'b', 'c'] : ['a', 'b'], {
        transA: Number(transposeA),
        transB: Number(transposeB),
      }),
      parallel: true,
    }));
    const feeds = { a: backend.feed(a, [aRows, aColumns]), b: backend.feed(b, [bRows, bColumns]) };
    gemm(bias ? { ...feeds, c: backend.feed(bias, [n]) } : feeds, { y: backend.feed(y, [m, n]) });
  } else {
    const matMul = backend.sessions.get(`MatMul ${form}`, () => ({
      ...oneNode(
        'FusedMatMul',
        ['a', 'b'],
        { transA: Number(transposeA), transB: Number(transposeB) },
        'com.microsoft',
      ),
      parallel: true,
    }));
    matMul(
      { a: backend.feed(a, [batch, aRows, aColumns]), b: backend.feed(b, [batch, bRows, bColumns]) },
      { y: backend.feed(y, [batch, m, n]) },
    );
  }
  return y;
}
