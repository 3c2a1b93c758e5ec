import type { OrtBackend } from '../backend.js';
import type { OrtTensor } from '../binding.js';
import { oneNode } from '../graphs.js';

/** tfjs's images are [batch, height, width, channels], ONNX's [batch, channels, height, width]. */
export const permutations = {
  nhwcToNchw: [0, 3, 1, 2],
  nchwToNhwc: [0, 2, 3, 1],
  /** Filters: tfjs's [height, width, in, out] to ONNX's [out, in, height, width]. */
  hwioToOihw: [3, 2, 0, 1],
} as const;

export function transpose(
  backend: OrtBackend,
  permutation: keyof typeof permutations,
  x: OrtTensor,
  y: OrtTensor = backend.scratch(permutations[permutation].map((axis) => x.dims[axis]!)),
): OrtTensor {
  const perm = permutations[permutation];
  backend.sessions.get(`Transpose ${perm}`, () => oneNode('Transpose', ['x'], { perm }))({ x }, { y });
  return y;
}
