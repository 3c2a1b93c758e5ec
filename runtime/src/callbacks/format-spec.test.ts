import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatSpec } from './format-spec.js';

const rows: [value: number, isCount: boolean, spec: string, text: string][] = JSON.parse(
  readFileSync(new URL('./fixtures/python-format.json', import.meta.url), 'utf8'),
);

describe('formatSpec', () => {
  it('writes numbers as Python does', () => {
    const written = rows.map(([value, isCount, spec]) => [
      value,
      isCount,
      spec,
      formatSpec(value, spec, isCount),
    ]);
    expect(written).toEqual(rows);
  });

  it('writes what is no number', () => {
    expect([Number.NaN, -Infinity].map((value) => formatSpec(value, '.2f'))).toEqual(['nan', '-inf']);
  });

  it.each(['x', '.2q', '.', '.2.3f', '.101f', 'd', '.2d'])(
    'knows no specification %s of a fraction',
    (spec) => {
      expect(formatSpec(0.5, spec)).toBeUndefined();
    },
  );
});
