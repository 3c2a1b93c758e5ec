import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';

/** Running results along an axis. */
function scan(name: string): Kernel<Inputs<'x'>, tf.CumsumAttrs> {
  const op = operation(name);
  return (backend, { x }, { axis, exclusive, reverse }) => {
    const [along] = tf.util.parseAxisParam(axis, x.shape) as [number];
    return backend.call(op, [x], [along, Number(exclusive), Number(reverse)]);
  };
}

/** The place of an extreme value along an axis. */
function place(name: string): Kernel<Inputs<'x'>, tf.ArgMaxAttrs> {
  const op = operation(name);
  return (backend, { x }, { axis }) => backend.call(op, [x], [tf.util.parseAxisParam(axis, x.shape)[0]!]);
}

const topKOp = operation('top_k');
const topK: Kernel<Inputs<'x'>, tf.TopKAttrs, tf.TensorInfo[]> = (backend, { x }, { k }) =>
  backend.callAll(topKOp, [x], [k]);

const searchSortedOp = operation('search_sorted');
const searchSorted: Kernel<Inputs<'sortedSequence' | 'values'>, tf.SearchSortedAttrs> = (
  backend,
  { sortedSequence, values },
  { side },
) => backend.call(searchSortedOp, [sortedSequence, values], [Number(side === 'right')]);

/** What depends on the order of elements. */
export const orderKernels: KernelTable = {
  ArgMax: place('argmax'),
  ArgMin: place('argmin'),
  Cumprod: scan('cumprod'),
  Cumsum: scan('cumsum'),
  SearchSorted: searchSorted,
  TopK: topK,
};
