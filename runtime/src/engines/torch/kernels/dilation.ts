import * as tf from '../../../tf.js';
import { operation } from '../operation.js';
import type { Inputs, Kernel, KernelTable } from './kernel.js';
import { window2d } from './window.js';

function dilation(name: string): Kernel<Inputs<'x' | 'filter'> & Partial<Inputs<'dy'>>, tf.Dilation2DAttrs> {
  const op = operation(name);
  return (backend, { x, filter, dy }, { strides, pad, dilations }) => {
    const info = tf.backend_util.computeDilation2DInfo(
      x.shape as [number, number, number, number],
      filter.shape as [number, number, number],
      strides,
      pad,
      'NHWC',
      dilations,
    );
    return backend.call(op, dy === undefined ? [x, filter] : [x, filter, dy], window2d(info));
  };
}

export const dilationKernels: KernelTable = {
  Dilation2D: dilation('dilation2d'),
  Dilation2DBackpropFilter: dilation('dilation2d_grad_filter'),
  Dilation2DBackpropInput: dilation('dilation2d_grad_input'),
};
