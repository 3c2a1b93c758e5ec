import * as tf from '../tf.js';

/** An operation on the tape. */
export interface TapeNode {
  kernelName: string;
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved?: tf.Tensor[];
  /** The gradients of the inputs, each computed when it is asked for; null for outputs that have none. */
  gradient?(dys: (tf.Tensor | null)[]): Record<string, () => tf.Tensor>;
}

/** The part of tfjs's engine that records operations; its types leave it out. */
export interface RecordingEngine {
  startTape(): void;
  endTape(): void;
  tidy<Result>(name: string, f: () => Result): Result;
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeTape: TapeNode[] | null;
  };
}

export const recordingEngine = () => tf.engine() as unknown as RecordingEngine;

/**
 * Records what `f` computes, so that gradients of any tensor in it can be asked for while it runs: what manual
 * optimization needs, where the backward pass happens inside the step.
 */
export function withTape<Result>(f: () => Result): Result {
  const engine = recordingEngine();
  engine.startTape();
  try {
    return f();
  } finally {
    engine.endTape();
    dropTape();
  }
}

/** Keeps what `f` computes off a tape that is recording. */
export function withoutTape<Result>(f: () => Result): Result {
  const { state } = recordingEngine();
  // The engine records only outside of kernels.
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** Frees what the tape saved, unless an outer recording still needs it. */
export function dropTape(): void {
  const { state } = recordingEngine();
  if (state.gradientDepth > 0) return;
  for (const node of state.activeTape ?? []) freeSaved(node);
  state.activeTape = null;
}

export function freeSaved({ saved }: TapeNode): void {
  for (const tensor of saved ?? []) tensor.dispose();
}
