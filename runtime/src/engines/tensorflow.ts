import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '../tf.js';

/** The GPU package first: it also runs on a CPU. */
const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

export type TensorflowSearch =
  | { state: 'missing' }
  | { state: 'broken'; packageName: string; cause: unknown }
  | { state: 'loaded'; packageName: string; device: 'cpu' | 'gpu' };

/**
 * Loads TensorFlow's binding when the project in the working directory has one installed. Never throws.
 *
 * @param deterministic has TensorFlow refuse kernels that may compute other bits the second time. It looks once, when it
 * runs its first kernel.
 */
export async function loadTensorflow({ deterministic = false } = {}): Promise<TensorflowSearch> {
  const resolve = createRequire(join(process.cwd(), 'package.json')).resolve;
  let broken: TensorflowSearch | undefined;
  for (const packageName of PACKAGES) {
    let entry: string;
    try {
      entry = resolve(packageName);
    } catch {
      continue;
    }
    if (deterministic) process.env.TF_DETERMINISTIC_OPS = '1';
    try {
      await import(pathToFileURL(entry).href);
      const backend = tf.findBackend('tensorflow') as { isUsingGpuDevice?: boolean } | null;
      if (backend === null) throw new Error("it registered no backend named 'tensorflow'");
      return { state: 'loaded', packageName, device: backend.isUsingGpuDevice ? 'gpu' : 'cpu' };
    } catch (cause) {
      broken ??= { state: 'broken', packageName, cause };
    }
  }
  return broken ?? { state: 'missing' };
}
