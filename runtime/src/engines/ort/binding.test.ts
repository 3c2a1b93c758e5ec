import { describe, expect, test } from 'vitest';
import { loadBinding, OrtSession, type OrtTensor } from './binding.js';
import { oneNode } from './graphs.js';

describe('OrtSession', () => {
  const binding = loadBinding();
  const vector = (data: Float32Array): OrtTensor => ({ type: 'float32', dims: [data.length], data });

  test('writes small and large results into the arrays it is given', () => {
    const negate = new OrtSession(binding, oneNode('Neg', ['x']), 1);
    for (const length of [3, 100_000]) {
      const x = new Float32Array(length).map((_, i) => i);
      const y = new Float32Array(length);
      negate.run({ x: vector(x) }, { y: vector(y) });
      expect(y.every((value, i) => value === -i)).toBe(true);
    }
  });

  test('lets a large result cost no memory besides', () => {
    const negate = new OrtSession(binding, oneNode('Neg', ['x']), 1);
    const x = vector(new Float32Array(100_000));
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 50; i++) negate.run({ x }, { y: x });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  test('says what went wrong with a large result', () => {
    const add = new OrtSession(binding, oneNode('Add', ['a', 'b']), 1);
    const [a, b] = [vector(new Float32Array(100_000)), vector(new Float32Array(7))];
    expect(() => add.run({ a, b }, { y: a })).toThrow(/broadcast/);
  });

  test('takes real numbers, negative numbers and text as attributes', () => {
    const run = (session: OrtSession, x: number[]) => {
      const y = vector(new Float32Array(x.length));
      session.run({ x: vector(Float32Array.from(x)) }, { y });
      return [...y.data];
    };
    const leaky = new OrtSession(binding, oneNode('LeakyRelu', ['x'], { alpha: { float: 0.25 } }), 1);
    expect(run(leaky, [4, -4])).toEqual([4, -1]);
    const softmax = new OrtSession(binding, oneNode('Softmax', ['x'], { axis: -1 }), 1);
    expect(run(softmax, [1, 1])).toEqual([0.5, 0.5]);
    const gelu = { op: 'ScatterElements', attributes: { axis: 0, reduction: 'add' } };
    const scatter = new OrtSession(
      binding,
      {
        nodes: [{ ...gelu, inputs: ['x', 'at', 'x'], outputs: ['y'] }],
        inputs: { x: 'float32' },
        outputs: { y: 'float32' },
        constants: { at: [1, 1] },
      },
      1,
    );
    expect(run(scatter, [10, 20])).toEqual([10, 50]);
  });
});

describe('loadBinding', () => {
  test('says why it cannot load', () => {
    expect(() => loadBinding('onnxruntime-node/dist/nowhere')).toThrow(/nowhere/);
  });
});
