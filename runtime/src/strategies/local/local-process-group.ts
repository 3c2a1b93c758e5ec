import { peekHostView } from '../../engines/host-memory.js';
import { type HostValues, openForWriting } from '../../engines/overwrite.js';
import { PLError } from '../../errors/pl-error.js';
import * as tf from '../../tf.js';
import { checkParts } from '../parts.js';
import {
  done,
  type HostArray,
  type ProcessGroup,
  type ReduceOp,
  type Values,
  type Work,
} from '../process-group.js';
import { combine } from './reduce.js';
import { meet, type RendezvousOptions } from './rendezvous.js';
import { type Collective, PAYLOAD, type SharedFile } from './shared-file.js';

/**
 * Processes of one host, from Node alone: they exchange values through a file in memory, each element is reduced by one
 * rank in the order of ranks, and all get its bits. Collectives are done when their call returns. Tensors that are not in
 * host memory go through copies there.
 */
export class LocalProcessGroup implements ProcessGroup {
  readonly backend = 'local';
  readonly #file: SharedFile;
  #scratch = new Uint8Array(0);
  #sum = new Uint8Array(0);

  private constructor(file: SharedFile) {
    this.#file = file;
  }

  /** @throws PLError PL8004 when the processes do not come together in time */
  static async join(options: RendezvousOptions): Promise<LocalProcessGroup> {
    return new LocalProcessGroup(await meet(options));
  }

  get rank(): number {
    return this.#file.rank;
  }

  get worldSize(): number {
    return this.#file.layout.worldSize;
  }

  allReduce(values: readonly Values[], op: ReduceOp = 'sum'): Work {
    return inPlace(values, (run) => {
      const { areaBytes } = this.#file.layout;
      if (run.length <= PAYLOAD) this.#reduceInRows(run, op);
      else run.forSegments(areaBytes, (start, end) => this.#reduceSegment(run, start, end, op));
    });
  }

  broadcast(values: readonly Values[], root = 0): Work {
    return this.rank === root ? this.#send(values) : this.#receive(values, root);
  }

  #send(values: readonly Values[]): Work {
    const run = new Run(values.map(read));
    run.forSegments(this.#file.layout.areaBytes, (start, end) => {
      this.#file.write(0, run.slice(start, end));
      this.#exchange('broadcast', run);
    });
    return done;
  }

  #receive(values: readonly Values[], root: number): Work {
    return inPlace(values, (run) => {
      run.forSegments(this.#file.layout.areaBytes, (start, end) => {
        this.#exchange('broadcast', run);
        this.#file.read(root, 0, run.slice(start, end));
      });
    });
  }

  reduceScatter(output: Values, inputs: readonly Values[], op: ReduceOp = 'sum'): Work {
    const runs = inputs.map((input) => new Run([read(input)]));
    return inPlace([output], (own) => this.#reduceOwnPart(own, runs, op));
  }

  #reduceOwnPart(own: Run, runs: readonly Run[], op: ReduceOp): void {
    const { worldSize, rank } = this;
    checkParts('reduceScatter', own.length, lengthsOf(runs), worldSize);
    const room = Math.floor(this.#file.layout.areaBytes / worldSize / 8) * 8;
    own.forSegments(room, (start, end) => {
      for (const [i, run] of runs.entries()) this.#file.write(i * room, run.slice(start, end));
      this.#exchange('reduceScatter', own);
      own.put(
        start,
        this.#reduce(own, end - start, op, (from, into) => this.#file.read(from, rank * room, [into])),
      );
    });
  }

  allGather(outputs: readonly Values[], input: Values): Work {
    const own = new Run([read(input)]);
    const opened = outputs.map(open);
    const runs = opened.map(({ values }) => new Run([values]));
    checkParts('allGather', own.length, lengthsOf(runs), this.worldSize);
    own.forSegments(this.#file.layout.areaBytes, (start, end) => {
      this.#file.write(0, own.slice(start, end));
      this.#exchange('allGather', own);
      for (const [rank, run] of runs.entries()) this.#file.read(rank, 0, run.slice(start, end));
    });
    for (const output of opened) output.store();
    return done;
  }

  barrier(): Work {
    this.#file.exchange('barrier', 0);
    return done;
  }

  fail(reason: unknown): void {
    this.#file.fail(reason);
  }

  close(): void {
    this.#file.close();
  }

  #exchange(collective: Collective, run: Run): ReturnType<SharedFile['exchange']> {
    return this.#file.exchange(collective, run.bytes);
  }

  /** A few numbers travel with the phase itself. */
  #reduceInRows(run: Run, op: ReduceOp): void {
    const own = run.read(new Float64Array(run.length));
    const rows = this.#file.exchange('allReduce', run.bytes, own);
    const result = run.emptyLike(run.length);
    result.set(rows(0).subarray(0, run.length));
    const next = run.emptyLike(run.length);
    for (let rank = 1; rank < this.worldSize; rank++) {
      next.set(rows(rank).subarray(0, run.length));
      combine(result, next, op, rank === this.worldSize - 1, this.worldSize);
    }
    run.put(0, result);
  }

  /** Every rank reduces its share of the segment, then takes those of the others. */
  #reduceSegment(run: Run, start: number, end: number, op: ReduceOp): void {
    const { worldSize, rank } = this;
    const shareAt = (i: number) => start + Math.floor(((end - start) * i) / worldSize);
    const [from, to] = [shareAt(rank), shareAt(rank + 1)];
    const { bytesPerElement } = run;
    this.#file.write(0, run.slice(start, from));
    this.#file.write((to - start) * bytesPerElement, run.slice(to, end));
    this.#exchange('allReduce', run);
    const reduced = this.#reduce(run, to - from, op, (peer, into) => {
      if (peer === rank) run.copyTo(from, into);
      else this.#file.read(peer, (from - start) * bytesPerElement, [into]);
    });
    this.#file.write(0, [reduced]);
    this.#exchange('allReduce', run);
    run.put(from, reduced);
    for (let peer = 0; peer < worldSize; peer++) {
      if (peer !== rank) this.#file.read(peer, 0, run.slice(shareAt(peer), shareAt(peer + 1)));
    }
  }

  /** The ranks' values, reduced in the order of ranks. Valid until the next collective. */
  #reduce(run: Run, length: number, op: ReduceOp, read: (rank: number, into: HostArray) => void): HostArray {
    const bytes = length * run.bytesPerElement;
    if (this.#scratch.length < bytes) {
      this.#scratch = new Uint8Array(bytes);
      this.#sum = new Uint8Array(bytes);
    }
    const result = run.viewOf(this.#sum, length);
    const next = run.viewOf(this.#scratch, length);
    read(0, result);
    for (let rank = 1; rank < this.worldSize; rank++) {
      read(rank, next);
      combine(result, next, op, rank === this.worldSize - 1, this.worldSize);
    }
    return result;
  }
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): HostArray;
}

/** Several arrays of one type, seen as one after the other. */
class Run {
  readonly length: number;
  readonly #arrays: readonly HostArray[];
  readonly #type: ArrayType;

  constructor(arrays: readonly HostArray[]) {
    this.#arrays = arrays;
    this.#type = (this.#arrays[0] ?? new Float32Array(0)).constructor as ArrayType;
    for (const array of this.#arrays) {
      if (array.constructor === this.#type) continue;
      throw new PLError(
        'PL8003',
        `a collective got ${this.#type.name} and ${array.constructor.name} in one call.`,
        {
          hint: 'Call it once for each type of values.',
        },
      );
    }
    this.length = this.#arrays.reduce((sum, { length }) => sum + length, 0);
  }

  get bytesPerElement(): number {
    return this.#type.BYTES_PER_ELEMENT;
  }

  get bytes(): number {
    return this.length * this.bytesPerElement;
  }

  /** Calls `use` for parts of at most `room` bytes; once where there is nothing. */
  forSegments(room: number, use: (start: number, end: number) => void): void {
    const step = Math.floor(room / this.bytesPerElement);
    for (let start = 0; start === 0 || start < this.length; start += step) {
      use(start, Math.min(start + step, this.length));
    }
  }

  /** The part from `start` to `end`, as views. */
  slice(start: number, end: number): HostArray[] {
    const views: HostArray[] = [];
    let at = 0;
    for (const array of this.#arrays) {
      const [from, to] = [Math.max(start - at, 0), Math.min(end - at, array.length)];
      if (from < to) views.push(array.subarray(from, to));
      at += array.length;
      if (at >= end) break;
    }
    return views;
  }

  copyTo(start: number, target: HostArray): void {
    let at = 0;
    for (const view of this.slice(start, start + target.length)) {
      target.set(view, at);
      at += view.length;
    }
  }

  read(target: Float64Array): Float64Array {
    this.copyTo(0, target);
    return target;
  }

  put(start: number, source: HostArray): void {
    let at = 0;
    for (const view of this.slice(start, start + source.length)) {
      view.set(source.subarray(at, at + view.length));
      at += view.length;
    }
  }

  emptyLike(length: number): HostArray {
    return this.viewOf(new Uint8Array(length * this.bytesPerElement), length);
  }

  viewOf(memory: Uint8Array, length: number): HostArray {
    return new this.#type(memory.buffer, memory.byteOffset, length);
  }
}

/** Runs a collective that replaces the values. */
function inPlace(values: readonly Values[], collective: (run: Run) => void): Work {
  const opened = values.map(open);
  collective(new Run(opened.map((one) => one.values)));
  for (const one of opened) one.store();
  return done;
}

function open(values: Values): HostValues | { values: HostArray; store(): void } {
  return values instanceof tf.Tensor ? openForWriting(values) : { values, store() {} };
}

function read(values: Values): HostArray {
  if (!(values instanceof tf.Tensor)) return values;
  return peekHostView(values) ?? (values.dataSync() as HostArray);
}

const lengthsOf = (runs: readonly Run[]) => runs.map(({ length }) => length);
