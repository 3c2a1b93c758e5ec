import { type TapeNode, tfjsEngine } from '../engines/tfjs-engine.js';

/**
 * Records what `f` computes, so that gradients of any tensor in it can be asked for while it runs: what manual
 * optimization needs, where the backward pass happens inside the step.
 */
export function withTape<Result>(f: () => Result): Result {
  const engine = tfjsEngine();
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
  const { state } = tfjsEngine();
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
  const { state } = tfjsEngine();
  if (state.gradientDepth > 0) return;
  for (const node of state.activeTape ?? []) freeSaved(node);
  state.activeTape = null;
}

export function freeSaved({ saved }: TapeNode): void {
  for (const tensor of saved ?? []) tensor.dispose();
}
