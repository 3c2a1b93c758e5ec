import type * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { activationCode } from './activation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const matmulOp = operation('matmul');
const batchMatMul: Kernel<Inputs<'a' | 'b'>, tf.BatchMatMulAttrs> = (
  backend,
  { a, b },
  { transposeA, transposeB },
) => backend.call(matmulOp, [a, b], [Number(transposeA), Number(transposeB)]);

const fusedOp = operation('fused_matmul');
const fusedMatMul: Kernel<
  Inputs<'a' | 'b'> & Partial<Inputs<'bias' | 'preluActivationWeights'>>,
  tf._FusedMatMulAttrs
> = (
  backend,
  { a, b, bias, preluActivationWeights },
  { transposeA, transposeB, activation, leakyreluAlpha },
) =>
  backend.call(
    fusedOp,
    [a, b, bias, preluActivationWeights],
    [Number(transposeA), Number(transposeB), activationCode(activation)],
    [leakyreluAlpha ?? 0],
  );

export const matmulKernels: KernelTable = { BatchMatMul: batchMatMul, _FusedMatMul: fusedMatMul };
