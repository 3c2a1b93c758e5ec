import * as tf from '../tf.js';

/** The part of tfjs's engine that records operations; its types leave it out. */
interface RecordingEngine {
  startTape(): void;
  endTape(): void;
  readonly state: {
    gradientDepth: number;
    kernelDepth: number;
    activeTape: { saved?: tf.Tensor[] }[] | null;
  };
}

const recordingEngine = () => tf.engine() as unknown as RecordingEngine;

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
    if (engine.state.gradientDepth === 0) {
      for (const { saved } of engine.state.activeTape ?? [])
        for (const tensor of saved ?? []) tensor.dispose();
      engine.state.activeTape = null;
    }
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
