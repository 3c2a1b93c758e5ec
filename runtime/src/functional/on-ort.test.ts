import { beforeAll, describe, expect, test, vi } from 'vitest';
import { GRAPH_KERNEL } from '../engines/ort/run-graph.js';
import { selectEngine } from '../engines/select.js';
import * as tf from '../tf.js';
import { gelu } from './gelu.js';
import { layerNorm } from './layer-norm.js';
import './on-ort.js';

const noise = (...shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(i * 12.9898 + 4)),
    shape,
  );

/** Value and gradients on the engine in use, and how many graphs of ONNX Runtime they took. */
function run(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: () => tf.Tensor[]) {
  const kernels = vi.spyOn(tf.engine(), 'runKernel');
  const results = tf.tidy(() => {
    const xs = inputs();
    const { value, grads } = tf.valueAndGrads((...args: tf.Tensor[]) =>
      f(...args)
        .square()
        .sum(),
    )(xs);
    return [f(...xs), value, ...grads].map((t) => ({ shape: t.shape, values: [...t.dataSync()] })) as never;
  }) as { shape: number[]; values: number[] }[];
  const graphs = kernels.mock.calls.filter(([name]) => name === GRAPH_KERNEL).length;
  kernels.mockRestore();
  return { results, graphs };
}

async function expectSameAsOnCpu(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: () => tf.Tensor[],
  tolerance = 1e-5,
) {
  const onOrt = run(f, inputs);
  await tf.setBackend('cpu');
  const onCpu = run(f, inputs);
  await tf.setBackend('ort');
  // Twice forward, once backward.
  expect(onOrt.graphs).toBe(3);
  onOrt.results.forEach(({ shape, values }, i) => {
    const wanted = onCpu.results[i]!;
    expect(shape).toEqual(wanted.shape);
    const scale = wanted.values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
    for (const [j, value] of values.entries()) {
      expect(Math.abs(value - wanted.values[j]!), `result ${i}, value ${j}`).toBeLessThan(tolerance * scale);
    }
  });
}

beforeAll(() => selectEngine({ engine: 'ort', threads: 1 }));

describe('operations on the embedded engine', () => {
  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('layerNorm is that of cpu, weight %s, bias %s', async (hasWeight, hasBias) => {
    const normalize = (x: tf.Tensor, ...affine: tf.Tensor[]) =>
      layerNorm(x, [32], {
        ...(hasWeight && { weight: affine[0]! }),
        ...(hasBias && { bias: affine.at(-1)! }),
      });
    await expectSameAsOnCpu(normalize, () => [
      noise(8, 4, 32),
      ...(hasWeight ? [noise(32).add(1)] : []),
      ...(hasBias ? [noise(32).neg()] : []),
    ]);
  });

  test('layerNorm keeps its precision far from zero', async () => {
    await expectSameAsOnCpu(
      (x) => layerNorm(x, [64]),
      () => [noise(16, 64).add(100)],
      // float32 has seven digits, of which the mean takes two.
      1e-4,
    );
  });

  test('gelu is that of cpu', async () => {
    await expectSameAsOnCpu(
      (x) => gelu(x),
      () => [noise(20, 40).mul(4)],
    );
  });

  test('gelu keeps NaN and infinities apart', () => {
    const x = tf.tensor1d([...Array(600).fill(0), NaN, Infinity]);
    const y = gelu(x).dataSync();
    expect([...y.slice(-3)]).toEqual([0, NaN, Infinity]);
  });
});
