import { sameOnTape, tfjsEngine } from '../engines/tfjs-engine.js';
import type * as tf from '../tf.js';

/** What a gradient needs of a tensor when it asks for its shape only. */
class ShapeOnly {
  kept = false;

  constructor(
    readonly shape: number[],
    readonly dtype: tf.DataType,
  ) {}

  get rank(): number {
    return this.shape.length;
  }

  dispose(): void {}
}

/** Kernels whose gradients look at the shapes of what they saved, never at the values. */
const byShapeAlone = new Set([
  'Add',
  'Concat',
  'ExpandDims',
  'Mean',
  'PadV2',
  'Reshape',
  'Slice',
  'Sub',
  'Sum',
]);

const lightened = new WeakSet<object>();

/**
 * Spares the tape what first-order gradients do not need. tfjs saves a tensor by running a kernel that is recorded
 * itself, and saves whole tensors where a gradient only looks at their shape; both cost more than the arithmetic of a
 * small operation, and the second keeps memory. Inside of nested gradients the engine works as tfjs made it.
 */
export function lightenTape(): void {
  const engine = tfjsEngine();
  if (lightened.has(engine)) return;
  lightened.add(engine);
  const { clone, getTensorsForGradient } = engine;

  engine.clone = (x) => {
    if (x instanceof ShapeOnly) return x;
    if (engine.state.gradientDepth > 1 || x.dtype === 'complex64') return clone.call(engine, x);
    return sameOnTape(x);
  };

  engine.getTensorsForGradient = (kernelName, inputs, outputs) => {
    const tensors = getTensorsForGradient.call(engine, kernelName, inputs, outputs);
    if (!byShapeAlone.has(kernelName) || engine.state.gradientDepth > 1) return tensors;
    return tensors.map(({ shape, dtype }) => new ShapeOnly(shape, dtype) as unknown as tf.Tensor);
  };
}
