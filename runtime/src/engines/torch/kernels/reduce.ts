import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

type Axes = number | number[];

/** A kernel over axes, all of them where none is given. The attribute that gives them has one of two names. */
function reduction(
  name: string,
): Kernel<Inputs<'x'>, { axis?: Axes; reductionIndices?: Axes; keepDims?: boolean }> {
  const op = operation(name);
  return (backend, { x }, { axis, reductionIndices = axis, keepDims = false }) =>
    backend.call(op, [x], [Number(keepDims), ...tf.util.parseAxisParam(reductionIndices!, x.shape)]);
}

const softmaxOp = operation('softmax');
const softmax: Kernel<Inputs<'logits'>, tf.SoftmaxAttrs> = (backend, { logits }, { dim }) =>
  backend.call(softmaxOp, [logits], [dim === -1 ? logits.shape.length - 1 : dim]);

export const reductionKernels: KernelTable = {
  All: reduction('all'),
  Any: reduction('any'),
  Max: reduction('max'),
  Mean: reduction('mean'),
  Min: reduction('min'),
  Prod: reduction('prod'),
  Softmax: softmax,
  Sum: reduction('sum'),
};
