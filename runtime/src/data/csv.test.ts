import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type CsvOptions, readNumericCsv } from './csv.js';

const folder = mkdtempSync(join(tmpdir(), 'csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array, name = 'data.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const read = (text: string, options?: CsvOptions) => readNumericCsv(file(text), options);

describe('readNumericCsv', () => {
  it('reads rows and columns', async () => {
    const table = await read('1,2.5,-3\n4e2, 5 ,.5\r\n\n');
    expect([table.rows, table.columns, table.header]).toEqual([2, 3, []]);
    expect([...table.data]).toEqual([1, 2.5, -3, 400, 5, 0.5]);
    expect([...table.column(1)]).toEqual([2.5, 5]);
    expect([...table.column(-1)]).toEqual([-3, 0.5]);
    expect([...table.slice(0, 2)]).toEqual([1, 2.5, 400, 5]);
  });

  it('recognises a header, or is told', async () => {
    expect((await read('\uFEFFx,y\n1,2\n')).header).toEqual(['x', 'y']);
    // As in scikit-learn's files: rows, columns, class names.
    const table = await read('2,1,bad,good\n1,0\n2,1\n');
    expect([table.header.length, table.rows, table.columns]).toEqual([4, 2, 2]);
    expect((await read('1,2\n3,4\n', { header: true })).rows).toBe(1);
    await expect(read('x,y\n1,2\n', { header: false })).rejects.toThrow(/line 1: found "x" in column 1/);
  });

  it('reads other delimiters, NaN and infinity, and an empty file', async () => {
    expect([...(await read('1\tnan\n-inf\t2\n', { delimiter: '\t' })).data]).toEqual([
      1,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      2,
    ]);
    expect((await read('')).rows).toBe(0);
  });

  it('gives back every float that was written, plain or compressed', async () => {
    const table = fc.array(fc.tuple(fc.float(), fc.float()), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), async (rows, compressed) => {
        const text = rows
          .map((row) => row.map((x) => (Object.is(x, -0) ? '-0' : String(x))).join(','))
          .join('\n');
        const path = file(compressed ? gzipSync(text) : text, 'round-trip');
        expect([...(await readNumericCsv(path, { header: false })).data]).toEqual(rows.flat());
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['a short line', '1,2\n3\n', /data\.csv, line 2: found 1 columns, the lines before have 2/],
    ['text', '1,2\n3,four\n', /line 2: found "four" in column 2/],
    ['an empty cell', '1,2\n3,\n', /line 2: found "" in column 2/],
    ['hexadecimal', '1,2\n3,0x10\n', /line 2: found "0x10"/],
  ])('refuses %s, with its line', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message);
    await expect(read(text)).rejects.toThrow(expect.objectContaining({ code: 'PL4013' }));
  });

  it('says what is wrong with the file', async () => {
    const missing = readNumericCsv(join(folder, 'none.csv'));
    await expect(missing).rejects.toMatchObject({
      code: 'PL4012',
      message: expect.stringMatching(/none\.csv does not exist/),
    });
    await expect(readNumericCsv(folder)).rejects.toThrow(/is a folder/);
    const cut = gzipSync('1,2\n3,4\n').subarray(0, 15);
    await expect(readNumericCsv(file(cut, 'cut.csv.gz'))).rejects.toMatchObject({ code: 'PL4012' });
  });
});
