import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import '../engines/default.js';
import * as tf from '../tf.js';
import { writePredictions } from './write-predictions.js';

const folder = mkdtempSync(join(tmpdir(), 'pl-predictions-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function written(predictions: unknown[][]): Promise<string> {
  const path = join(folder, 'predictions.json');
  await writePredictions(path, predictions);
  return readFileSync(path, 'utf8');
}

describe('predictions.json', () => {
  it('has a list per data loader with a line per batch', async () => {
    expect(await written([[1, { a: 2 }], [], [null]])).toBe(
      '[\n  [\n    1,\n    {"a":2}\n  ],\n  [],\n  [\n    null\n  ]\n]\n',
    );
    expect(await written([])).toBe('[]\n');
  });

  it('has tensors as nested lists, and disposes them', async () => {
    const before = tf.memory().numTensors;
    const batch = { classes: tf.tensor1d([1, 2], 'int32'), more: [tf.tensor2d([[0.5], [Number.NaN]])] };
    expect(JSON.parse(await written([[batch]]))).toEqual([[{ classes: [1, 2], more: [[[0.5], ['NaN']]] }]]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('has what else a step may return', async () => {
    const date = new Date(0);
    const batch = [Float32Array.of(0.5), new Map([['a', -Infinity]]), new Set([1]), 3n, undefined, date];
    expect(JSON.parse(await written([[batch]]))).toEqual([
      [[[0.5], { a: '-Infinity' }, [1], '3', null, date.toISOString()]],
    ]);
  });

  it('says where it cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writePredictions(join(folder, 'file', 'predictions.json'), [])).rejects.toThrow(
      /PL5401|part of the path/,
    );
  });
});
