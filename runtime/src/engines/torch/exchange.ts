import type { TorchAddon } from './addon.js';
import { numberOperations, type Operation } from './operation.js';

const INTS = 1 << 16;
const FLOATS = 1 << 14;
const OUT = 1 << 14;
const FREED = 1 << 10;

/**
 * In which precision an operation computes, as the addon numbers it (`Precision` in `call.h`): 0 for float32, 1 for
 * float16 and 2 for bfloat16 where it gains from it; 4 more for everywhere.
 */
export type PrecisionCode = 0 | 1 | 2 | 5 | 6;

/** The memory that JavaScript and the addon share: calls go in, results come out, freed handles wait. */
export class Exchange {
  readonly ints = new Int32Array(INTS);
  readonly floats = new Float64Array(FLOATS);
  readonly out = new Int32Array(OUT);
  readonly #freed = new Int32Array(FREED);
  readonly #exec: () => void;
  /** What calls ask for: see `PrecisionCode`. In the upper half of a call's first word. */
  #precision = 0;

  constructor(readonly addon: TorchAddon) {
    numberOperations(addon.operations);
    addon.connect(this.ints, this.floats, this.out, this.#freed);
    this.#exec = addon.exec;
  }

  get precision(): PrecisionCode {
    return (this.#precision >> 16) as PrecisionCode;
  }

  set precision(code: PrecisionCode) {
    this.#precision = code << 16;
  }

  /** Runs a call whose tensors stand in `ints` from 4 on. @returns the number of results, -1 for an error */
  run(operation: Operation, tensors: number, ints: readonly number[], floats: readonly number[]): number {
    const memory = this.ints;
    let at = 4 + tensors;
    if (at + ints.length > INTS || floats.length > FLOATS) {
      throw new RangeError(`${operation.name}: ${tensors} tensors and ${ints.length} integers are too many`);
    }
    memory[0] = operation.id | this.#precision;
    memory[1] = tensors;
    memory[2] = ints.length;
    memory[3] = floats.length;
    for (let i = 0; i < ints.length; i++) memory[at++] = ints[i]!;
    for (let i = 0; i < floats.length; i++) this.floats[i] = floats[i]!;
    this.#exec();
    return this.out[0]!;
  }

  /** Frees a tensor, at the latest when the next operation runs. */
  free(handle: number): void {
    const freed = this.#freed;
    const count = freed[0]! + 1;
    freed[0] = count;
    freed[count] = handle;
    if (count === FREED - 1) this.addon.flush();
  }
}
