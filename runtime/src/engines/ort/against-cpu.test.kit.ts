import { expect } from 'vitest';
import * as tf from '../../tf.js';
import type { OrtBackend } from './backend.js';
import { loadBinding } from './binding.js';
import { registerOrt } from './register.js';
import { noLimits } from './size-limits.js';

/** The engine with everything that can go to ONNX Runtime going there, on as many threads as asked for. */
export async function useUnlimitedOrt(threads = 1): Promise<OrtBackend> {
  const name = `ort-any-size-${threads}`;
  registerOrt(loadBinding(), { threads, name, limits: noLimits });
  await tf.setBackend(name);
  return tf.backend() as OrtBackend;
}

/**
 * Computes on the engine in use and on tfjs's plain `cpu` backend, and expects the same shapes, types and values
 * (within `tolerance`, relative to the largest value).
 */
export async function expectAsOnCpu(compute: () => tf.Tensor | tf.Tensor[], tolerance = 1e-5): Promise<void> {
  const engine = tf.getBackend();
  const results = () => [tf.tidy(compute)].flat().map((tensor) => read(tensor));
  const found = results();
  await tf.setBackend('cpu');
  const wanted = results();
  await tf.setBackend(engine);
  expect(found.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual(
    wanted.map(({ shape, dtype }) => ({ shape, dtype })),
  );
  found.forEach(({ values }, i) => {
    const reference = wanted[i]!.values;
    const finite = reference.filter(Number.isFinite);
    const scale = finite.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    for (const [j, value] of values.entries()) {
      const same = Object.is(value, reference[j]) || Math.abs(value - reference[j]!) <= tolerance * scale;
      if (!same) expect.fail(`result ${i}, value ${j}: ${value}; on cpu ${reference[j]}`);
    }
  });
}

function read(tensor: tf.Tensor) {
  const result = { shape: tensor.shape, dtype: tensor.dtype, values: Array.from(tensor.dataSync()) };
  tensor.dispose();
  return result;
}

/** Values between -1 and 1, the same for the same shape. */
export function noise(...shape: number[]): tf.Tensor {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) =>
    Math.sin(i * 12.9898 + 4),
  );
  return tf.tensor(values, shape);
}
