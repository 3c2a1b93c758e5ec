import { PLError } from '../errors/pl-error.js';
import * as tf from '../tf.js';

/** What an optimizer writes into a checkpoint. */
export interface OptimizerStateDict {
  /** By parameter name and slot, for example `'net.0.kernel' → { exp_avg, exp_avg_sq }`: the live tensors. */
  tensors: Record<string, Record<string, tf.Tensor>>;
  scalars: OptimizerScalars;
}

/** The part of an optimizer's state that is JSON. */
export interface OptimizerScalars {
  type: string;
  /** By parameter name: numbers such as `step`. */
  state: Record<string, Record<string, number>>;
  /** The groups' options, with parameter names in place of variables. */
  param_groups: Array<Record<string, unknown> & { params: string[] }>;
}

/** Values of a tensor outside of any engine, as a checkpoint file gives them. */
export interface TensorValues {
  shape: readonly number[];
  dtype: string;
  data: ArrayLike<number>;
}

/** An {@link OptimizerStateDict} as it comes back from a checkpoint. */
export interface RestorableOptimizerState {
  tensors: Record<string, Record<string, tf.Tensor | TensorValues>>;
  scalars: OptimizerScalars;
}

/** For each group of the optimizer, the saved group that takes its place and its parameters in the saved order. */
export interface MatchedGroup {
  saved: Record<string, unknown>;
  params: { name: string; variable: tf.Variable }[];
}

/**
 * Pairs the saved groups with the optimizer's own, by position and by the parameters' names.
 *
 * @throws PLError PL7006 when type, number of groups or parameters differ.
 */
export function matchGroups(
  type: string,
  groups: readonly { params: readonly tf.Variable[] }[],
  { scalars }: RestorableOptimizerState,
  variableOf: (name: string) => tf.Variable | undefined,
): MatchedGroup[] {
  if (!Array.isArray(scalars?.param_groups) || typeof scalars.state !== 'object' || scalars.state === null) {
    throw misfit('it has no param groups or no state');
  }
  if (scalars.type !== type) {
    throw misfit(`it belongs to ${scalars.type}, but the optimizer is ${type}`);
  }
  if (scalars.param_groups.length !== groups.length) {
    throw misfit(`it has ${scalars.param_groups.length} param groups, but ${type} has ${groups.length}`);
  }
  return groups.map((group, i) => {
    const { params: names, ...saved } = scalars.param_groups[i]!;
    if (!Array.isArray(names)) throw misfit(`its param group ${i} lists no parameters`);
    const missing = new Set(group.params);
    const params = names.map((name) => {
      const variable = variableOf(name);
      if (variable === undefined || !missing.delete(variable)) {
        throw misfit(`its param group ${i} has '${name}', which is not in that group of ${type}`);
      }
      return { name, variable };
    });
    for (const { name } of missing) throw misfit(`its param group ${i} lacks variable '${name}'`);
    return { saved, params };
  });
}

/**
 * The values of one saved slot.
 *
 * @throws PLError PL7006 when the slot is missing or does not have `size` values in `shape`.
 */
export function slotValues(
  state: RestorableOptimizerState,
  name: string,
  slot: string,
  shape: readonly number[],
): ArrayLike<number> {
  const tensor = state.tensors[name]?.[slot];
  if (tensor === undefined) throw misfit(`it lacks ${slot} of '${name}'`);
  const data = tensor instanceof tf.Tensor ? tensor.dataSync() : tensor.data;
  const fits =
    tensor.dtype === 'float32' &&
    tf.util.arraysEqual([...tensor.shape], [...shape]) &&
    data.length === tf.util.sizeFromShape([...shape]);
  if (!fits) {
    throw misfit(
      `${slot} of '${name}' is ${tensor.dtype} [${tensor.shape}] with ${data.length} values, wanted float32 [${shape}]`,
    );
  }
  return data;
}

export function misfit(reason: string): PLError {
  return new PLError('PL7006', `the optimizer state does not fit: ${reason}`, {
    hint: 'Resume with the optimizer, parameter groups and model that wrote the checkpoint, or load only its weights.',
  });
}
