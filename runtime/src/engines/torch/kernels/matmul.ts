import * as tf from '../../../tf.js';
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

const einsumOp = operation('einsum');
const einsum: Kernel<readonly tf.TensorInfo[], tf.EinsumAttrs> = (backend, operands, { equation }) => {
  // Refuses what tfjs does not have, in its words.
  const { allDims, idDims } = tf.backend_util.decodeEinsumEquation(equation, operands.length);
  tf.backend_util.checkEinsumDimSizes(allDims.length, idDims, operands as tf.Tensor[]);
  const characters = Array.from(equation, (character) => character.charCodeAt(0));
  return backend.call(einsumOp, operands, characters);
};

export const matmulKernels: KernelTable = {
  BatchMatMul: batchMatMul,
  Einsum: einsum,
  _FusedMatMul: fusedMatMul,
};
