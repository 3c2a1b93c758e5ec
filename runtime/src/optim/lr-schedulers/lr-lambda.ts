import { PLError } from '../../errors/pl-error.js';
import { nonNegative } from '../options.js';

/** A factor as a function of the step. */
export type LRLambda = (epoch: number) => number;

/** @throws PLError PL7204 when a function is missing for a group. */
export function lambdaPerGroup(
  type: string,
  given: LRLambda | readonly LRLambda[],
  groups: number,
): LRLambda[] {
  const lambdas: unknown[] = Array.isArray(given) ? [...given] : new Array(groups).fill(given);
  const stranger = lambdas.find((lambda) => typeof lambda !== 'function');
  if (stranger !== undefined || lambdas.includes(undefined)) {
    throw new PLError(
      'PL7204',
      `${type}: lrLambda must be a function or a list of functions, got ${typeof stranger}`,
      {
        hint: `For example new ${type}(optimizer, { lrLambda: (epoch) => 0.95 ** epoch }).`,
      },
    );
  }
  if (lambdas.length !== groups) {
    throw new PLError(
      'PL7204',
      `${type}: lrLambda has ${lambdas.length} functions, but the optimizer has ${groups} param groups`,
    );
  }
  return lambdas as LRLambda[];
}

/** @throws PLError PL7204 when the function gives something else than a finite number of at least 0. */
export function lambdaValue(type: string, lambda: LRLambda, epoch: number): number {
  const value: unknown = lambda(epoch);
  if (nonNegative.accepts(value)) return value as number;
  throw new PLError(
    'PL7204',
    `${type}: lrLambda gave ${String(value)} at step ${epoch}, wanted ${nonNegative.wanted}`,
    {
      hint: 'Look for a division by 0, such as by no warm-up steps, and for steps after the last one that was planned.',
    },
  );
}
