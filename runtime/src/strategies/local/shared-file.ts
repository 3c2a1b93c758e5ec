import { closeSync, readSync, readvSync, writeSync, writevSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { PLError } from '../../errors/pl-error.js';
import type { HostArray } from '../process-group.js';
import { endOf, identityOf, type ProcessIdentity } from './processes.js';
import { type FailureReport, RankFailure } from './rank-failure.js';

/** The collectives, by the number under which ranks tell each other what they are in. */
export const collectives = ['barrier', 'allReduce', 'broadcast', 'reduceScatter', 'allGather'] as const;
export type Collective = (typeof collectives)[number];

export const MAGIC = 0x504c3031;
const PAGE = 4096;
/** Float64 words of a rank's row in the table. */
const ROW = 16;
/** Words of a row: the phase that the rank has reached, in which collective, over how many values, and whether it goes on. */
const word = { phase: 0, collective: 1, count: 2, status: 3, payload: 4 } as const;
const status = { running: 0, failed: 1, left: 2 } as const;
/** Words of a rank's page: its process, and what it said when it failed. */
const page = { pid: 0, startTime: 1, messageBytes: 2, message: 64 } as const;

/** Numbers that ranks exchange without touching their areas. */
export const PAYLOAD = ROW - word.payload;

const LIVENESS_INTERVAL_MS = 100;

export interface Layout {
  worldSize: number;
  /** Bytes of an area, of which each rank has two. */
  areaBytes: number;
}

/** Bytes of the whole file. */
export function fileBytes({ worldSize, areaBytes }: Layout): number {
  return areasAt(worldSize) + worldSize * 2 * areaBytes;
}

const pagesAt = (worldSize: number) => PAGE + Math.ceil((2 * worldSize * ROW * 8) / PAGE) * PAGE;
const areasAt = (worldSize: number) => pagesAt(worldSize) + worldSize * PAGE;
export const pageOf = (worldSize: number, rank: number) => pagesAt(worldSize) + rank * PAGE;

/**
 * A file in memory (tmpfs, or at worst the page cache) through which processes of one host exchange numbers in phases.
 * In a phase each rank writes what it has to say and its phase's number, then waits until it reads that number of all
 * others. Rows and areas alternate between two places: a rank writes the place of phase n again in phase n + 2, for which
 * it has seen that all others began phase n + 1, and so had read those of phase n.
 */
export class SharedFile {
  #phase = 0;
  readonly #rows: Float64Array;
  readonly #ownRow = new Float64Array(ROW);
  readonly #identities: (ProcessIdentity | undefined)[] = [];
  readonly #clock = new Int32Array(new SharedArrayBuffer(4));
  readonly #spinMs: number;
  #report: FailureReport | undefined;

  constructor(
    private readonly fd: number,
    readonly rank: number,
    readonly layout: Layout,
    private readonly timeoutMs: number,
  ) {
    this.#rows = new Float64Array(layout.worldSize * ROW);
    // Where ranks share cores, looking on takes them from the one that is waited for.
    this.#spinMs = layout.worldSize <= availableParallelism() ? 0.3 : 0.02;
    const { pid, startTime } = identityOf(process.pid);
    this.#writeAt(pageOf(layout.worldSize, rank), new Float64Array([pid, startTime]));
  }

  /**
   * Ends the phase: says what this rank does in it, and waits for all others.
   *
   * @returns of each rank, in rows of `PAYLOAD` numbers, what it said; valid until the next phase
   */
  exchange(
    collective: Collective,
    count: number,
    payload?: ArrayLike<number>,
  ): (rank: number) => Float64Array {
    if (this.#report !== undefined) throw new RankFailure(this.#report);
    const row = this.#ownRow;
    row[word.collective] = collectives.indexOf(collective);
    row[word.count] = count;
    if (payload !== undefined) row.set(payload, word.payload);
    const position = this.#rowAt(this.#phase + 1, this.rank);
    // The number of the phase comes last: who reads it finds all the rest.
    this.#writeAt(position + 8, row.subarray(1));
    this.#phase++;
    row[word.phase] = this.#phase;
    this.#writeAt(position, row.subarray(0, 1));
    this.#await(collective, count);
    return (rank) => this.#rows.subarray(rank * ROW + word.payload, (rank + 1) * ROW);
  }

  /** Writes into this rank's area of the phase that is about to end. */
  write(offset: number, arrays: readonly HostArray[]): void {
    if (arrays.length === 0) return;
    writevSync(this.fd, arrays.map(bytesOf), this.#areaAt(this.#phase + 1, this.rank) + offset);
  }

  /** Reads from a rank's area of the phase that ended last. */
  read(rank: number, offset: number, arrays: readonly HostArray[]): void {
    if (arrays.length === 0) return;
    readvSync(this.fd, arrays.map(bytesOf), this.#areaAt(this.#phase, rank) + offset);
  }

  /** Tells the others why this rank ends. */
  fail(reason: unknown): void {
    const report: FailureReport = this.#report ?? {
      rank: this.rank,
      kind: 'error',
      cause: `failed: ${reason instanceof Error ? reason.message : String(reason)}`,
      pid: process.pid,
    };
    this.#report = report;
    const message = Buffer.from(JSON.stringify(shortened(report)));
    const position = pageOf(this.layout.worldSize, this.rank);
    this.#writeAt(position + page.message, message);
    this.#writeAt(position + page.messageBytes * 8, new Float64Array([message.length]));
    this.#say(status.failed);
  }

  close(): void {
    if (this.#report === undefined) this.#say(status.left);
    closeSync(this.fd);
  }

  #say(code: number): void {
    this.#ownRow[word.status] = code;
    for (const phase of [0, 1]) {
      this.#writeAt(
        this.#rowAt(phase, this.rank) + word.status * 8,
        this.#ownRow.subarray(word.status, word.status + 1),
      );
    }
  }

  #await(collective: Collective, count: number): void {
    const { worldSize } = this.layout;
    const rows = bytesOf(this.#rows);
    const position = this.#rowAt(this.#phase, 0);
    const start = performance.now();
    let lookedAt = start;
    for (;;) {
      readSync(this.fd, rows, 0, rows.length, position);
      let late = -1;
      for (let rank = 0; rank < worldSize && late < 0; rank++) {
        if (this.#rows[rank * ROW + word.phase] !== this.#phase) late = rank;
      }
      if (late < 0) break;
      const now = performance.now();
      const waited = now - start;
      if (waited < this.#spinMs) continue;
      this.#checkStatus(collective);
      if (now - lookedAt > LIVENESS_INTERVAL_MS) {
        lookedAt = now;
        this.#checkProcesses();
      }
      if (waited > this.timeoutMs) this.#timeOut(late, collective);
      Atomics.wait(this.#clock, 0, 0, Math.min(waited / 20, 1));
    }
    // The phase's numbers were read before the rest may have been: read once more, now that all is there.
    readSync(this.fd, rows, 0, rows.length, position);
    this.#compare(collective, count);
  }

  #compare(collective: Collective, count: number): void {
    const own = collectives.indexOf(collective);
    for (let rank = 0; rank < this.layout.worldSize; rank++) {
      const row = rank * ROW;
      const theirs = this.#rows[row + word.collective]!;
      const theirCount = this.#rows[row + word.count]!;
      if (theirs === own && theirCount === count) continue;
      const error = new PLError(
        'PL8003',
        `rank ${this.rank} is in ${collective} of ${count} bytes, but rank ${rank} is in ${collectives[theirs]} of ${theirCount} bytes.`,
        { hint: 'Every rank has to call the same collectives in the same order, with the same sizes.' },
      );
      this.fail(error);
      throw error;
    }
  }

  #checkStatus(collective: Collective): void {
    const { worldSize } = this.layout;
    for (let rank = 0; rank < worldSize; rank++) {
      const code = this.#rows[rank * ROW + word.status];
      if (code === status.failed) this.#abort(this.#readReport(rank));
      if (code === status.left && this.#rows[rank * ROW + word.phase] !== this.#phase) {
        const cause = `has ended its run, but rank ${this.rank} still waits for it in ${collective}`;
        this.#abort({ rank, kind: 'error', cause, pid: this.#identity(rank).pid });
      }
    }
  }

  #checkProcesses(): void {
    for (let rank = 0; rank < this.layout.worldSize; rank++) {
      if (this.#rows[rank * ROW + word.phase] === this.#phase) continue;
      const identity = this.#identity(rank);
      const end = endOf(identity);
      if (end === undefined) continue;
      // It may have said why just before.
      readSync(this.fd, bytesOf(this.#rows), 0, this.#rows.byteLength, this.#rowAt(this.#phase, 0));
      if (this.#rows[rank * ROW + word.phase] === this.#phase) continue;
      this.#checkStatus('barrier');
      this.#abort({ rank, kind: 'death', cause: end, pid: identity.pid });
    }
  }

  #timeOut(rank: number, collective: Collective): never {
    const cause = `did not come to ${collective} within ${this.timeoutMs / 1000} s, where rank ${this.rank} waits for it`;
    this.#abort({ rank, kind: 'hang', cause, pid: this.#identity(rank).pid });
  }

  #abort(report: FailureReport): never {
    this.#report = report;
    throw new RankFailure(report);
  }

  #identity(rank: number): ProcessIdentity {
    const words = new Float64Array(2);
    readSync(this.fd, bytesOf(words), 0, 16, pageOf(this.layout.worldSize, rank));
    this.#identities[rank] ??= { pid: words[page.pid]!, startTime: words[page.startTime]! };
    return this.#identities[rank];
  }

  #readReport(rank: number): FailureReport {
    const content = Buffer.alloc(PAGE);
    readSync(this.fd, content, 0, PAGE, pageOf(this.layout.worldSize, rank));
    const length = content.readDoubleLE(page.messageBytes * 8);
    return JSON.parse(content.toString('utf8', page.message, page.message + length)) as FailureReport;
  }

  #rowAt(phase: number, rank: number): number {
    return PAGE + ((phase % 2) * this.layout.worldSize + rank) * ROW * 8;
  }

  #areaAt(phase: number, rank: number): number {
    const { worldSize, areaBytes } = this.layout;
    return areasAt(worldSize) + (rank * 2 + (phase % 2)) * areaBytes;
  }

  #writeAt(position: number, values: HostArray): void {
    const bytes = bytesOf(values);
    writeSync(this.fd, bytes, 0, bytes.length, position);
  }
}

/** So that it fits into a page whatever an error has to say. */
function shortened(report: FailureReport): FailureReport {
  const { cause } = report;
  return { ...report, cause: cause.length > 600 ? `${cause.slice(0, 600)}…` : cause };
}

export function bytesOf(array: HostArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
