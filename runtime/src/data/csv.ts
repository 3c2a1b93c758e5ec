import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { PLError } from '../errors/pl-error.js';

export interface CsvOptions {
  /** One character. Default a comma. */
  delimiter?: string;
  /** Whether the first line holds names. Default: it does when one of its cells is no number. */
  header?: boolean;
}

/** Numbers in rows and columns. */
export class NumericTable {
  constructor(
    /** Row-major: `data[row * columns + column]`. */
    readonly data: Float32Array,
    readonly rows: number,
    readonly columns: number,
    /** The cells of the header line, empty without one. */
    readonly header: readonly string[],
  ) {}

  /** Columns `from` up to, not including, `to`, as a row-major array `[rows, to - from]`. */
  slice(from: number, to: number): Float32Array {
    const width = to - from;
    const out = new Float32Array(this.rows * width);
    for (let row = 0; row < this.rows; row++) {
      const start = row * this.columns;
      out.set(this.data.subarray(start + from, start + to), row * width);
    }
    return out;
  }

  /** One column, `[rows]`; negative numbers count from the last column. */
  column(index: number): Float32Array {
    const column = index < 0 ? this.columns + index : index;
    return this.slice(column, column + 1);
  }
}

/**
 * Reads a table of numbers from a CSV file, plain or compressed with gzip. Blank lines are passed over.
 *
 * @throws PL4012 when the file cannot be read, PL4013 with file and line when a line is malformed
 */
export async function readNumericCsv(path: string, options: CsvOptions = {}): Promise<NumericTable> {
  const { delimiter = ',' } = options;
  const lines = new TextDecoder().decode(await readBytes(path)).split('\n');
  const data: number[] = [];
  let header: string[] = [];
  let columns = 0;
  let rows = 0;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.trim() === '') continue;
    const cells = line.split(delimiter);
    if (columns === 0 && header.length === 0 && isHeader(cells, options.header)) {
      header = cells.map((cell) => cell.trim());
      continue;
    }
    if (rows === 0) columns = cells.length;
    if (cells.length !== columns) {
      throw malformed(path, i, `${cells.length} columns, the lines before have ${columns}`);
    }
    for (let column = 0; column < columns; column++) {
      const value = parseNumber(cells[column]!);
      if (value === undefined)
        throw malformed(path, i, `${JSON.stringify(cells[column]!.trim())} in column ${column + 1}`);
      data.push(value);
    }
    rows++;
  }
  return new NumericTable(Float32Array.from(data), rows, columns, header);
}

function isHeader(cells: string[], declared: boolean | undefined): boolean {
  return declared ?? cells.some((cell) => parseNumber(cell) === undefined);
}

/** A decimal number, `nan` or `inf` in any case; undefined for anything else. */
function parseNumber(cell: string): number | undefined {
  const text = cell.trim();
  const value = Number(text);
  if (!Number.isNaN(value) && text !== '' && !/^[-+]?0[xob]/i.test(text)) return value;
  if (/^[-+]?nan$/i.test(text)) return Number.NaN;
  if (/^[-+]?inf(inity)?$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return undefined;
}

async function readBytes(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new PLError('PL4012', `The data file ${path} ${why}`, {
      hint: `Relative paths start at ${process.cwd()}. Check the path, or fetch the data first.`,
      cause,
    });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw new PLError('PL4012', `The data file ${path} is not valid gzip: ${(cause as Error).message}`, {
      hint: 'The file is cut or damaged: fetch it again.',
      cause,
    });
  }
}

function malformed(path: string, line: number, found: string): PLError {
  return new PLError('PL4013', `${path}, line ${line + 1}: found ${found}`, {
    hint: 'Every line needs the same number of columns, all of them numbers. A header is allowed on the first line.',
  });
}
