import type { DataType, TensorInfo } from '../../../tf.js';
import type { HotKernel } from './kernel.js';

/**
 * Whole numbers and booleans to float32. `cpu` only relabels the integer array, which neither ONNX Runtime nor an
 * update in place can work with.
 */
export const cast: HotKernel<{ x: TensorInfo }, { dtype: DataType }> = ({
  inputs: { x },
  attrs: { dtype },
  backend,
}) => {
  if (dtype !== 'float32' || (x.dtype !== 'int32' && x.dtype !== 'bool')) return undefined;
  const { values } = backend.data.get(x.dataId);
  return backend.makeTensorInfo(x.shape, 'float32', new Float32Array(values as Int32Array));
};
