import * as tf from '../tf.js';

type NamedTensors = Record<string, tf.Tensor>;

/** An operation on the tape. */
export interface TapeNode {
  kernelName: string;
  /** In the backward pass, only the inputs that lead to something that wants a gradient. */
  inputs: NamedTensors;
  outputs: tf.Tensor[];
  saved?: tf.Tensor[];
  /** The gradients of the inputs, each computed when it is asked for; null for outputs that have none. */
  gradient?(dys: (tf.Tensor | null)[]): Record<string, () => tf.Tensor>;
}

/** What disposing a tensor needs to know of it. */
export type TensorRecord = Pick<tf.Tensor, 'dataId' | 'dtype' | 'size'>;

/** What is used of tfjs's engine and left out of its types: the tape, and who lives where. */
export interface TfjsEngine {
  startTape(): void;
  endTape(): void;
  isTapeOn(): boolean;
  tidy<Result>(name: string, f: () => Result): Result;
  runKernelFunc(invocation: {
    inputs: NamedTensors;
    forwardFunc(): tf.Tensor;
    backwardsFunc(dy: tf.Tensor): Record<string, () => tf.Tensor>;
  }): tf.Tensor;
  /** Another tensor of the same data, for the tape to save. */
  clone(x: tf.Tensor): tf.Tensor;
  getTensorsForGradient(kernelName: string, inputs: object, outputs: tf.Tensor[]): tf.Tensor[];
  trackTensor(tensor: tf.Tensor): void;
  track(tensor: tf.Tensor): tf.Tensor;
  keep(tensor: tf.Tensor): tf.Tensor;
  disposeTensor(tensor: TensorRecord): void;
  moveData(backend: tf.KernelBackend, dataId: tf.DataId): void;
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeTape: TapeNode[] | null;
    activeScope?: { readonly id: number } | null;
    readonly tensorInfo: WeakMap<tf.DataId, { readonly backend: tf.KernelBackend }>;
  };
}

export const tfjsEngine = () => tf.engine() as unknown as TfjsEngine;

/** A tensor with a life of its own that is the same to the tape. It costs neither a kernel nor a node. */
export function sameOnTape(tensor: tf.Tensor): tf.Tensor {
  const engine = tfjsEngine();
  const { shape, dtype, dataId, id } = tensor;
  engine.state.tensorInfo.get(dataId)!.backend.incRef(dataId);
  const same = new tf.Tensor(shape, dtype, dataId, id);
  engine.trackTensor(same);
  return same;
}
