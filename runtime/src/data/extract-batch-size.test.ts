import '@tensorflow/tfjs-backend-cpu';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as tf from '../tf.js';
import { extractBatchSize } from './extract-batch-size.js';

interface Recorded {
  batch: string;
  size?: number;
  warnings: string[];
  raised?: object;
}

const recorded = (
  JSON.parse(
    readFileSync(new URL('../../../test/reference/logging_2.6.5.json', import.meta.url), 'utf8'),
  ) as { extract_batch_size: Recorded[] }
).extract_batch_size;

const tensor = (...shape: number[]) => tf.zeros(shape);
const batches: Record<string, unknown> = {
  'tensor(3,4)': tensor(3, 4),
  'tensor() 0-dim': tensor(),
  '[tensor(3), tensor(3)]': [tensor(3), tensor(3)],
  '[tensor(3), tensor(5)]': [tensor(3), tensor(5)],
  "{'a': tensor(2,2), 'b': 'text'}": { a: tensor(2, 2), b: 'text' },
  "'text'": 'text',
  '5': 5,
  '[]': [],
  "(tensor(4), ['a','b'])": [tensor(4), ['a', 'b']],
  "{'s': 'abc'}": { s: 'abc' },
  None: null,
  '[1,2,3]': [1, 2, 3],
  '[tensor(), tensor(2)]': [tensor(), tensor(2)],
};

describe('extractBatchSize', () => {
  it.each(recorded)('reads $batch as Lightning 2.6.5 does', ({ batch, size, warnings, raised }) => {
    expect(batches).toHaveProperty([batch]);
    const ambiguous: number[] = [];
    const extract = () => extractBatchSize(batches[batch], (found) => ambiguous.push(found));
    if (raised !== undefined) {
      expect(extract).toThrow(expect.objectContaining({ code: 'PL4008' }));
      return;
    }
    expect(extract()).toBe(size);
    expect(ambiguous.length).toBe(warnings.length);
    expect(extractBatchSize(batches[batch])).toBe(size);
  });

  it('finds tensors behind what is none, and in class instances', () => {
    class Batch {
      names = ['a', 'b'];
      images = tensor(2, 3);
    }
    expect(extractBatchSize(new Batch())).toBe(2);
  });
});
