import * as tf from '../tf.js';
import { runningOperation } from './running-operation.js';

/** A kernel, or an operation with a gradient of its own, that just ran. */
export interface KernelRun {
  /** The kernel's name, or the operation's; undefined for an operation that nobody named. */
  name: string | undefined;
  inputs: readonly tf.Tensor[];
  outputs: readonly tf.Tensor[];
  /** How many operations it ran inside of. */
  depth: number;
  /** Whether it ran in a backward pass. */
  isBackward: boolean;
  /** In a backward pass: the kernel or operation whose gradient it ran for. */
  gradientOf: string | undefined;
}

interface TapeNode {
  kernelName: string;
  gradient?: (dys: tf.Tensor[]) => Record<string, () => tf.Tensor>;
}

interface Invocation {
  kernelName?: string;
  inputs: Record<string, tf.Tensor | undefined>;
}

/** The part of tfjs's engine that runs kernels; its types leave it out. */
interface WatchedEngine {
  runKernelFunc(invocation: Invocation): tf.Tensor | tf.Tensor[];
  addTapeNode(kernelName: string, ...rest: unknown[]): void;
  tidy(nameOrFn: unknown, fn?: () => unknown): unknown;
  readonly state: { activeTape: TapeNode[] };
}

/**
 * Calls `onRun` after everything that the engine runs, until the returned function is called. What `onRun` throws, the
 * operation throws. Without a watch the engine is as tfjs made it.
 */
export function watchKernels(onRun: (run: KernelRun) => void): () => void {
  const engine = tf.engine() as unknown as WatchedEngine;
  const { runKernelFunc, addTapeNode, tidy } = engine;
  let backwardDepth = 0;
  let gradientOf: string | undefined;
  const running: (string | undefined)[] = [];

  const inGradientOf = <Result>(name: string, compute: () => Result): Result => {
    const outer = gradientOf;
    gradientOf = name;
    try {
      return compute();
    } finally {
      gradientOf = outer;
    }
  };

  const own: Omit<WatchedEngine, 'state'> = {
    runKernelFunc(invocation) {
      const name = invocation.kernelName ?? runningOperation.name;
      runningOperation.name = undefined;
      running.push(name);
      let result: tf.Tensor | tf.Tensor[];
      try {
        result = runKernelFunc.call(engine, invocation);
      } finally {
        running.pop();
      }
      const inputs = Object.values(invocation.inputs).filter((input) => input instanceof tf.Tensor);
      const outputs = Array.isArray(result) ? result : [result];
      onRun({ name, inputs, outputs, depth: running.length, isBackward: backwardDepth > 0, gradientOf });
      return result;
    },

    addTapeNode(kernelName, ...rest) {
      addTapeNode.call(engine, kernelName, ...rest);
      const node = engine.state.activeTape.at(-1)!;
      const { gradient } = node;
      if (gradient === undefined) return;
      const name = running.at(-1) ?? kernelName;
      node.gradient = (dys) =>
        inGradientOf(name, () =>
          Object.fromEntries(
            Object.entries(gradient(dys)).map(([input, compute]) => [
              input,
              () => inGradientOf(name, compute),
            ]),
          ),
        );
    },

    tidy(nameOrFn, fn) {
      if (nameOrFn !== 'backward') return tidy.call(engine, nameOrFn, fn);
      backwardDepth++;
      try {
        return tidy.call(engine, nameOrFn, fn);
      } finally {
        backwardDepth--;
      }
    },
  };
  Object.assign(engine, own);
  return () => Object.assign(engine, { runKernelFunc, addTapeNode, tidy });
}
