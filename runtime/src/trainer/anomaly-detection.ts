import { type KernelRun, watchKernels } from '../engines/kernel-watch.js';
import { PLError } from '../errors/pl-error.js';
import type { HookName } from '../hooks/signatures.js';
import * as tf from '../tf.js';

/** What the trainer does while an operation runs. */
export interface AnomalyPlace {
  hook: HookName | undefined;
  epoch: number;
  step: number;
  /** Index of the training batch; undefined outside of training. */
  batchIdx: number | undefined;
}

type Anomaly = 'NaN' | 'Infinity' | '-Infinity';

/**
 * Looks at every result of the engine, until the returned function is called, and throws PL5007 at the operation in
 * which a NaN or an infinity first appears. Infinities that were put into a computation as constants (masks) may pass
 * through it.
 *
 * @param variables the module's, by path
 */
export function detectAnomalies(
  place: () => AnomalyPlace,
  variables: () => ReadonlyMap<string, tf.Variable>,
): () => void {
  let within: string | undefined;

  return watchKernels((run) => {
    const anomaly = first(run.outputs);
    const isInner = run.depth > 0;
    if (anomaly === undefined) {
      if (!isInner) within = undefined;
      return;
    }
    // What happens inside of an operation matters when it comes out of it.
    if (isInner) {
      if (first(run.inputs) === undefined) within ??= run.name;
      return;
    }
    const origin = originOf(run, anomaly, variables, within);
    within = undefined;
    if (origin === undefined) return;
    throw new PLError('PL5007', `${origin} in ${describePlace(place(), run)}.`, {
      hint: 'Lower the learning rate, clip the gradients (--trainer.gradientClipVal 1) or look at this batch.',
    });
  });
}

/** Where an anomaly comes from, as the beginning of a sentence; undefined for a constant that passes through. */
function originOf(
  run: KernelRun,
  anomaly: Anomaly,
  variables: () => ReadonlyMap<string, tf.Variable>,
  within: string | undefined,
): string | undefined {
  const name = run.name ?? within ?? 'an operation without a name';
  for (const input of run.inputs) {
    if (!(input instanceof tf.Variable)) continue;
    const held = first([input]);
    if (held === undefined) continue;
    const path = [...variables()].find(([, variable]) => variable === input)?.[0] ?? input.name;
    return `the variable '${path}' held ${held} when ${name} read it`;
  }
  const given = run.inputs.map((input) => first([input]));
  if (anomaly === 'NaN' ? given.includes('NaN') : given.some((held) => held !== undefined)) {
    return anomaly === 'NaN' ? `the data held NaN when ${name} read it` : undefined;
  }
  if (run.name === 'Fill' && !run.isBackward) return undefined;
  const detail = within === undefined || within === name ? '' : `, by ${within},`;
  const gradient = run.gradientOf === undefined ? '' : ` for the gradient of ${run.gradientOf}`;
  return `${name} gave ${anomaly}${detail}${gradient}`;
}

/** The first value that is not finite; of several, NaN counts most. */
function first(tensors: readonly tf.Tensor[]): Anomaly | undefined {
  let found: Anomaly | undefined;
  for (const tensor of tensors) {
    if (tensor.dtype !== 'float32' || tensor.isDisposed) continue;
    for (const value of tensor.dataSync()) {
      if (Number.isFinite(value)) continue;
      if (Number.isNaN(value)) return 'NaN';
      found ??= value > 0 ? 'Infinity' : '-Infinity';
    }
  }
  return found;
}

/** Phases in which the trainer propagates the loss. */
const backwardPhases: ReadonlySet<HookName | undefined> = new Set<HookName>([
  'on_before_backward',
  'backward',
]);

function describePlace({ hook, epoch, step, batchIdx }: AnomalyPlace, { isBackward }: KernelRun): string {
  const name =
    isBackward && backwardPhases.has(hook)
      ? 'the backward pass of training_step'
      : `${isBackward ? 'a gradient in ' : ''}${hook ?? 'code outside of hooks'}`;
  const batch = batchIdx === undefined ? '' : `batch ${batchIdx}, `;
  return `${name} (epoch ${epoch}, ${batch}step ${step})`;
}
