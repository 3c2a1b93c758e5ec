import { getBackend, getKernel, type NamedAttrMap, type TensorInfo } from '../../../tf.js';
import type { OrtBackend } from '../backend.js';
import { sizeOf } from './kernel.js';

export interface ActivationAttrs {
  activation?: string | null;
  leakyreluAlpha?: number;
}

const kernelNames: Readonly<Record<string, string>> = {
  elu: 'Elu',
  relu6: 'Relu6',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
};

/** The activation of a fused kernel, applied to a result that nobody else holds (`y` is consumed). */
export function activate(
  backend: OrtBackend,
  y: TensorInfo,
  { activation, leakyreluAlpha }: ActivationAttrs,
  alpha?: TensorInfo,
): TensorInfo {
  if (activation == null || activation === 'linear') return y;
  if (activation === 'relu') {
    reluInPlace(backend, y);
    return y;
  }
  const kernelName = kernelNames[activation];
  if (kernelName === undefined) throw new Error(`The fused activation ${activation} is not known.`);
  const inputs = alpha === undefined ? { x: y } : { x: y, alpha };
  const attrs: NamedAttrMap = leakyreluAlpha === undefined ? {} : { alpha: leakyreluAlpha };
  const { kernelFunc } = getKernel(kernelName, getBackend());
  const activated = kernelFunc({ inputs, attrs, backend }) as TensorInfo;
  backend.disposeIntermediateTensorInfo(y);
  return activated;
}

function reluInPlace(backend: OrtBackend, y: TensorInfo): void {
  const tensor = backend.feed(y, [sizeOf(y.shape)]);
  backend.sessions.get('Relu')({ x: tensor }, { y: tensor });
}
