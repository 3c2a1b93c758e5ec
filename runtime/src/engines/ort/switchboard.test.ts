import { describe, expect, test } from 'vitest';
import { loadBinding, type OrtTensor } from './binding.js';
import { oneNode, reduction } from './graphs.js';
import { Switchboard } from './switchboard.js';

const tensor = (dims: number[], ...data: number[]): OrtTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});

describe('Switchboard', () => {
  const binding = loadBinding();
  const [a, b] = [tensor([2], 6, 8), tensor([2], 2, 4)];

  test('runs each of many graphs, those it was made with and those that come later', () => {
    const operators = { Add: [8, 12], Sub: [4, 4], Mul: [12, 32], Div: [3, 2], Max: [6, 8], Min: [2, 4] };
    const graphs = Array.from({ length: 4 }, () => Object.entries(operators))
      .flat()
      .map(([op, wanted]) => ({ graph: oneNode(op, ['x', 'z']), wanted }));
    const board = new Switchboard(
      binding,
      2,
      graphs.slice(0, 11).map(({ graph }) => graph),
    );
    for (const { graph, wanted } of graphs) {
      const y = tensor([2], 0, 0);
      board.run(graph, { z: b, x: a }, y);
      expect([...y.data]).toEqual(wanted);
    }
  });

  test('keeps constants and inner names of graphs apart', () => {
    const square = oneNode('Mul', ['x', 'x']);
    const board = new Switchboard(binding, 2, [
      reduction('ReduceSum', [0]),
      square,
      reduction('ReduceSum', [1]),
    ]);
    const x = tensor([2, 2], 1, 2, 3, 4);
    for (const [axis, wanted] of [
      [0, [4, 6]],
      [1, [3, 7]],
    ] as const) {
      const y = tensor([2], 0, 0);
      board.run(reduction('ReduceSum', [axis]), { x }, y);
      expect([...y.data]).toEqual(wanted);
    }
  });

  test('takes float32 graphs of up to six inputs', () => {
    expect(Switchboard.takes(oneNode('Sum', ['p', 'q', 'r', 's', 't', 'u']))).toBe(true);
    expect(Switchboard.takes(oneNode('Sum', ['p', 'q', 'r', 's', 't', 'u', 'v']))).toBe(false);
    expect(Switchboard.takes({ ...oneNode('Less', ['p', 'q']), outputs: { y: 'bool' } })).toBe(false);
  });
});
