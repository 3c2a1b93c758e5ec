import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import { dtypeCodes } from '../torch-data.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

const fill: Kernel<object, tf.FillAttrs> = (
  backend,
  _,
  { shape, value, dtype = tf.util.inferDtype(value) },
) => {
  if (dtype !== 'string') return backend.fill(shape, value as number, dtype);
  const bytes = tf.util.encodeString(value as string);
  return backend.make(new Array<Uint8Array>(tf.util.sizeFromShape(shape)).fill(bytes), shape, 'string');
};

const rangeOp = operation('range');
const range: Kernel<object, tf.RangeAttrs> = (backend, _, { start, stop, step, dtype }) => {
  const empty = start === stop || (start < stop && step < 0) || (stop < start && step > 1);
  if (empty) return backend.fill([0], 0, dtype);
  const count = Math.abs(Math.ceil((stop - start) / step));
  const signed = stop < start && step === 1 ? -1 : step;
  // Each integer is the one before and the step, without its fraction.
  const [first, by] = dtype === 'int32' ? [Math.trunc(start), Math.trunc(signed)] : [start, signed];
  return backend.call(rangeOp, [], [count, dtypeCodes[dtype]!], [first, by]);
};

const linspaceOp = operation('linspace');
const linSpace: Kernel<object, tf.LinSpaceAttrs> = (backend, _, { start, stop, num }) =>
  backend.call(linspaceOp, [], [num], [start, stop]);

const oneHotOp = operation('one_hot');
const oneHot: Kernel<Inputs<'indices'>, tf.OneHotAttrs> = (
  backend,
  { indices },
  { depth, onValue, offValue, dtype },
) => backend.call(oneHotOp, [indices], [depth, dtypeCodes[dtype ?? 'float32']!], [onValue, offValue]);

export const creationKernels: KernelTable = { Fill: fill, LinSpace: linSpace, OneHot: oneHot, Range: range };
