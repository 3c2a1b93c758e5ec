import { describe, expect, it } from 'vitest';
import type { PLError } from '../errors/pl-error.js';
import { compareState } from './compare-state.js';

const kernel = (shape: number[], dtype = 'float32') => ({ dtype, shape });
const model = new Map([
  ['a', kernel([2, 3])],
  ['b', kernel([4])],
]);

function message(
  checkpoint: Map<string, { dtype: string; shape: number[] }>,
  strict = true,
): string | undefined {
  try {
    compareState(model, checkpoint, 'x.ckpt', { strict });
    return undefined;
  } catch (error) {
    expect((error as PLError).code).toBe('PL3011');
    return (error as PLError).message;
  }
}

describe('compareState', () => {
  it('accepts the same tensors in any order', () => {
    expect(message(new Map([...model].reverse()))).toBeUndefined();
  });

  it('names what differs', () => {
    const other = new Map([
      ['a', kernel([3, 2])],
      ['c', kernel([1])],
    ]);
    expect(message(other)).toBe(
      'x.ckpt belongs to another model\n' +
        '  missing in the checkpoint: b\n' +
        '  unknown to the model: c\n' +
        '  of another shape or type: a (float32 [3, 2], the model has float32 [2, 3])',
    );
    expect(message(other, false)).toBe(
      'x.ckpt belongs to another model\n  of another shape or type: a (float32 [3, 2], the model has float32 [2, 3])',
    );
    expect(
      message(
        new Map([
          ['a', kernel([2, 3], 'int32')],
          ['b', kernel([4])],
        ]),
      ),
    ).toMatch(/a \(int32 \[2, 3\]/);
  });

  it('names only the first ones', () => {
    const many = new Map([...model, ...[1, 2, 3, 4, 5].map((i) => [`x${i}`, kernel([])] as const)]);
    expect(message(many)).toBe(
      'x.ckpt belongs to another model\n  unknown to the model: x1, x2, x3, and 2 more',
    );
  });

  it('lets tensors be absent when it is not strict', () => {
    expect(message(new Map([['z', kernel([9])]]), false)).toBeUndefined();
  });
});
