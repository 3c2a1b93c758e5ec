import { appendFileSync, readFileSync } from 'node:fs';
import { writeAtomicallySync } from '../checkpoint/write-atomically.js';
import { unwritable } from './run-folder.js';

/**
 * A CSV file of metrics: the columns `epoch` and `step`, then one per metric in the order of appearance. A cell of a metric that
 * a row does not have is empty. Numbers are written with all digits that tell them from other numbers.
 */
export class MetricsFile {
  readonly #columns = new Map<string, number>();
  #rows: number[][] = [];
  /** Columns in the header on the disk; 0 before the file was looked at. */
  #writtenColumns = 0;

  constructor(readonly path: string) {}

  /** Rows that are not on the disk yet. */
  get pending(): number {
    return this.#rows.length;
  }

  add(metrics: Readonly<Record<string, number>>, step: number): void {
    if (this.#columns.size === 0) this.#readHeader();
    const row: number[] = [];
    for (const name in metrics) row[this.#columnOf(name)] = metrics[name]!;
    row[this.#columnOf('step')] = step;
    this.#rows.push(row);
  }

  /** Appends the pending rows. A metric that is new makes the file be written anew, in one step. Throws PL5401. */
  flush(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows.map((row) => `${line(row, this.#columns.size)}\n`).join('');
    try {
      if (this.#writtenColumns === this.#columns.size) appendFileSync(this.path, rows);
      else this.#rewrite(rows);
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#writtenColumns = this.#columns.size;
    this.#rows = [];
  }

  #columnOf(name: string): number {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#columns.size;
      this.#columns.set(name, column);
    }
    return column;
  }

  /** Goes on in a file that an earlier run left. */
  #readHeader(): void {
    const header = readText(this.path).split('\n', 1)[0]!;
    for (const name of header === '' ? ['epoch', 'step'] : splitHeader(header)) this.#columnOf(name);
  }

  #rewrite(rows: string): void {
    const [header = '', ...written] = readText(this.path).split('\n');
    // What follows the last line break was cut off while it was written.
    written.pop();
    const added = ','.repeat(this.#columns.size - (header === '' ? 0 : splitHeader(header).length));
    const kept = written.map((row) => `${row}${added}\n`).join('');
    const columns = [...this.#columns.keys()].map(quote).join(',');
    writeAtomicallySync(this.path, [Buffer.from(`${columns}\n${kept}${rows}`)]);
  }
}

function line(row: number[], columns: number): string {
  let text = '';
  for (let i = 0; i < columns; i++) {
    const value = row[i];
    if (i > 0) text += ',';
    if (value !== undefined) text += format(value);
  }
  return text;
}

/** The shortest decimal that reads back as the same number; nan, inf and -inf as Python writes them. */
function format(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function quote(name: string): string {
  return /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""').replace(/[\r\n]+/g, ' ')}"` : name;
}

function splitHeader(header: string): string[] {
  return [...header.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unwritable(path, error);
  }
}
