import * as tf from '../tf.js';

/** One parameter's part of an optimizer step. */
export interface ParamUpdate {
  param: tf.Variable;
  grad: tf.Tensor;
  /** The optimizer's state, by slot: written in place. */
  state: Readonly<Record<string, tf.Tensor>>;
  /** What the step is made of besides the tensors. */
  factors: Readonly<Record<string, number>>;
}

/** An engine's own way to update parameters and state, all in one go and in place. */
export interface EngineStep {
  /** Whether it can take the steps of this type of optimizer. */
  takes(optimizerType: string): boolean;
  run(optimizerType: string, updates: readonly ParamUpdate[]): void;
}

const steps = new Map<string, EngineStep>();

export function registerEngineStep(backendName: string, step: EngineStep): void {
  steps.set(backendName, step);
}

/** How the present engine takes the steps of an optimizer; `undefined` where they are computed on the host. */
export function engineStepFor(optimizerType: string): EngineStep | undefined {
  const step = steps.get(tf.getBackend());
  return step?.takes(optimizerType) ? step : undefined;
}
