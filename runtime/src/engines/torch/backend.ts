import { PLError } from '../../errors/pl-error.js';
import * as tf from '../../tf.js';
import { tfjsEngine } from '../tfjs-engine.js';
import type { TorchAddon } from './addon.js';
import { Exchange, type PrecisionCode } from './exchange.js';
import { type Operation, operation } from './operation.js';
import { dtypeCodes, dtypes, TorchData, type TorchDType } from './torch-data.js';

type DataId = tf.TensorInfo['dataId'];
type Values = tf.backend_util.BackendValues;

const none: readonly number[] = [];
const full = operation('full');
const reshape = operation('reshape');

/** Data that began on another engine: tensors of several shapes may share it. */
interface MovedData {
  data: TorchData;
  /** The same values under other shapes. */
  views: Map<string, number>;
}

/** tfjs's backend over libtorch: the tensors live in the addon, JavaScript holds their handles. */
export class TorchBackend extends tf.KernelBackend {
  readonly #exchange: Exchange;
  readonly #moved = new Map<DataId, MovedData>();
  #dataIds = 0;

  constructor(readonly addon: TorchAddon) {
    super();
    this.#exchange = new Exchange(addon);
  }

  /** Runs an operation that has one result. */
  call(
    op: Operation,
    inputs: readonly (tf.TensorInfo | undefined)[],
    ints: readonly number[] = none,
    floats: readonly number[] = none,
  ): tf.TensorInfo {
    this.run(op, inputs, ints, floats);
    return this.#result(1);
  }

  /** Runs an operation that has any number of results. */
  callAll(
    op: Operation,
    inputs: readonly (tf.TensorInfo | undefined)[],
    ints: readonly number[] = none,
    floats: readonly number[] = none,
  ): tf.TensorInfo[] {
    const count = this.run(op, inputs, ints, floats);
    const results: tf.TensorInfo[] = [];
    let at = 1;
    for (let i = 0; i < count; i++) {
      results.push(this.#result(at));
      at += 3 + this.#exchange.out[at + 2]!;
    }
    return results;
  }

  /** Runs an operation whose results, if any, nobody wants. */
  run(
    op: Operation,
    inputs: readonly (tf.TensorInfo | undefined)[],
    ints: readonly number[],
    floats: readonly number[],
  ): number {
    // Handles first: finding one may run another operation.
    const memory = this.#exchange.ints;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      memory[4 + i] = input === undefined ? 0 : this.#handleOf(input, i);
    }
    const count = this.#exchange.run(op, inputs.length, ints, floats);
    if (count < 0) throw this.#failure();
    return count;
  }

  /** In which precision the operations compute from now on. */
  get precision(): PrecisionCode {
    return this.#exchange.precision;
  }

  set precision(code: PrecisionCode) {
    this.#exchange.precision = code;
  }

  /** The type behind a tensor, in libtorch's words: tfjs sees float32 where it is `Half` or `BFloat16`. */
  typeOf(tensor: tf.TensorInfo): string {
    return this.addon.typeOf(this.#handleOf(tensor, 0));
  }

  /** What the last operation wrote back in the place of its number i. */
  answer(i: number): number {
    return this.#exchange.floats[i]!;
  }

  #result(at: number): tf.TensorInfo {
    const { out } = this.#exchange;
    const dtype = dtypes[out[at + 1]!]!;
    const rank = out[at + 2]!;
    const shape = new Array<number>(rank);
    for (let axis = 0; axis < rank; axis++) shape[axis] = out[at + 3 + axis]!;
    return { dataId: this.#adopt(out[at]!, dtype, shape), shape, dtype };
  }

  #adopt(handle: number, dtype: TorchDType, shape: number[]): TorchData {
    this.#dataIds++;
    return new TorchData(handle, dtype, shape);
  }

  #failure(): PLError {
    const problem = this.addon.lastError();
    if (/out of memory|can't allocate memory/.test(problem)) {
      return new PLError('PL6011', `Out of memory: ${problem}`, {
        hint: 'Use a smaller batch, with trainer.accumulateGradBatches to keep its effect on the weights.',
      });
    }
    if (problem.includes(' is not within 0 to ')) {
      return new PLError('PL7102', problem, {
        hint: 'Indices count from 0: give the table one row, or the model one output, for each that occurs.',
      });
    }
    return new PLError('PL6010', problem);
  }

  /** What the tensor is in the addon, for code that works on it there; it comes from another engine where it is there. */
  handleOf(input: tf.TensorInfo): number {
    return this.#handleOf(input, 0);
  }

  #handleOf(input: tf.TensorInfo, before: number): number {
    const { dataId } = input;
    if (dataId instanceof TorchData && dataId.handle !== 0) return dataId.handle;
    return this.#slowHandle(input, before);
  }

  /** Data of another engine, or a mistake. `before`: inputs whose handles stand in the shared memory already. */
  #slowHandle(input: tf.TensorInfo, before: number): number {
    const { ints } = this.#exchange;
    const kept = ints.slice(4, 4 + before);
    const handle =
      input.dataId instanceof TorchData ? this.#returned(input, input.dataId) : this.#movedHandle(input);
    ints.set(kept, 4);
    return handle;
  }

  /** Data that began here, and may live on another engine by now. */
  #returned({ shape }: tf.TensorInfo, data: TorchData): number {
    if (data.dtype === 'string')
      throw new PLError('PL6010', 'a tensor of strings has no place in an operation on numbers');
    const engine = tfjsEngine();
    if (engine.state.tensorInfo.has(data)) engine.moveData(this, data);
    if (data.handle !== 0) return data.handle;
    throw new PLError('PL6012', `a tensor of shape [${shape}] was used after it was disposed`);
  }

  #movedHandle({ dataId, shape }: tf.TensorInfo): number {
    const { data, views } = this.#movedOf(dataId);
    if (tf.util.arraysEqual(shape, data.shape)) return data.handle;
    const key = shape.join();
    const handle = views.get(key) ?? this.#view(data.handle, shape);
    views.set(key, handle);
    return handle;
  }

  #view(handle: number, shape: readonly number[]): number {
    this.#exchange.ints[4] = handle;
    if (this.#exchange.run(reshape, 1, shape, none) < 0) throw this.#failure();
    return this.#exchange.out[1]!;
  }

  #movedOf(dataId: DataId): MovedData {
    if (!this.#moved.has(dataId)) {
      tfjsEngine().moveData(this, dataId);
    }
    return this.#moved.get(dataId)!;
  }

  #dataOf(dataId: DataId): TorchData {
    return dataId instanceof TorchData ? dataId : this.#movedOf(dataId).data;
  }

  /** A tensor of one value throughout. */
  fill(shape: readonly number[], value: number, dtype: TorchDType = 'float32'): tf.TensorInfo {
    return this.call(full, [], [dtypeCodes[dtype]!, ...shape], [value]);
  }

  /** The same data once more, under the same handle. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** A new tensor of these values. */
  make(values: Values, shape: number[], dtype: tf.DataType): tf.TensorInfo {
    return { dataId: this.write(values, shape, dtype), shape, dtype };
  }

  /** Frees a tensor that a kernel made for itself. */
  release(...tensors: readonly tf.TensorInfo[]): void {
    for (const { dataId } of tensors) this.disposeData(dataId);
  }

  override write(values: Values, shape: number[], dtype: tf.DataType): DataId {
    return this.#write(values, shape, dtype);
  }

  override move(dataId: DataId, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void {
    const data = this.#write(values, shape, dtype);
    data.refCount = refCount;
    if (dataId instanceof TorchData) {
      // It was here before, under the shape that it was made with.
      dataId.handle = data.handle;
      dataId.refCount = refCount;
      return;
    }
    this.#moved.set(dataId, { data, views: new Map() });
  }

  /** Gives a data id other values of the same type and number: whatever shares it has them too. */
  overwrite(dataId: DataId, values: Values): void {
    const data = this.#dataOf(dataId);
    const fresh = this.#write(values, data.shape, data.dtype);
    this.#dataIds--;
    this.#exchange.free(data.handle);
    data.handle = fresh.handle;
    const views = this.#moved.get(dataId)?.views;
    for (const view of views?.values() ?? []) this.#exchange.free(view);
    views?.clear();
  }

  #write(values: Values, shape: number[], dtype: tf.DataType): TorchData {
    if (dtype === 'string') {
      this.#dataIds++;
      return new TorchData(0, 'string', shape, values);
    }
    const { ints } = this.#exchange;
    ints[0] = dtypeCodes[dtype]!;
    ints[1] = shape.length;
    for (let axis = 0; axis < shape.length; axis++) ints[2 + axis] = shape[axis]!;
    const handle = this.addon.write(asArrayOf(dtype, values));
    return this.#adopt(handle, dtype, shape);
  }

  override readSync(dataId: DataId): Values {
    const data = this.#dataOf(dataId);
    if (data.strings !== undefined) return data.strings;
    if (data.handle === 0)
      throw new PLError('PL6012', `a tensor of shape [${data.shape}] was read after it was disposed`);
    const size = tf.util.sizeFromShape(data.shape);
    const values =
      data.dtype === 'int32'
        ? new Int32Array(size)
        : data.dtype === 'bool'
          ? new Uint8Array(size)
          : new Float32Array(data.dtype === 'complex64' ? 2 * size : size);
    this.addon.read(data.handle, values);
    return values;
  }

  override async read(dataId: DataId): Promise<Values> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const own = dataId instanceof TorchData;
    const moved = own ? undefined : this.#moved.get(dataId);
    const data = own ? dataId : moved?.data;
    if (data === undefined) return true;
    data.refCount--;
    if (!force && data.refCount > 0) return false;
    if (data.handle !== 0) this.#exchange.free(data.handle);
    else if (data.strings === undefined) return true;
    data.handle = 0;
    this.#dataIds--;
    if (moved !== undefined) {
      for (const view of moved.views.values()) this.#exchange.free(view);
      this.#moved.delete(dataId);
    }
    return true;
  }

  override refCount(dataId: DataId): number {
    if (dataId instanceof TorchData) return dataId.refCount;
    return this.#moved.get(dataId)?.data.refCount ?? 0;
  }

  override incRef(dataId: DataId): void {
    this.#dataOf(dataId).refCount++;
  }

  decRef(dataId: DataId): void {
    this.#dataOf(dataId).refCount--;
  }

  override numDataIds(): number {
    return this.#dataIds;
  }

  override memory(): { unreliable: boolean; device: number; peak: number } {
    const { bytes, peakBytes } = this.addon.memory();
    return { unreliable: false, device: bytes, peak: peakBytes };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override async time(f: () => void): Promise<tf.BackendTimingInfo> {
    const start = performance.now();
    f();
    this.addon.synchronize();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override dispose(): void {
    this.addon.flush();
  }
}

function asArrayOf(dtype: TorchDType, values: Values): Float32Array | Int32Array | Uint8Array {
  switch (dtype) {
    case 'int32':
      return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
    case 'bool':
      return values instanceof Uint8Array
        ? values
        : Uint8Array.from(values as ArrayLike<number>, (value) => Number(value !== 0));
    default:
      return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  }
}
