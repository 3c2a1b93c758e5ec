import { PLError } from '../errors/pl-error.js';
import { declaredHooks } from './decorators.js';
import { evaluationHookNames, stageHookName, synchronousHooks } from './names.js';
import type { EvaluationHooks, EvaluationStage, HookOwner, HooksOf } from './signatures.js';

/** The hooks that an object has, ready to call; absent ones are undefined. */
export type BoundHooks<Owner extends HookOwner> = Partial<HooksOf[Owner]>;

/** A stage's hooks under the names `evaluation_step`, `on_evaluation_start`, …. */
export type BoundEvaluationHooks = Partial<EvaluationHooks> & Pick<EvaluationHooks, 'evaluation_step'>;

/**
 * Binds an object's hooks.
 *
 * @param table hook name → method name; by default from the decorators of the object's class
 */
export function bindHooks<Owner extends HookOwner>(
  instance: object,
  table: Iterable<readonly [string, string]> = declaredHooks(Object.getPrototypeOf(instance)),
): BoundHooks<Owner> {
  const members = instance as Record<string, (...args: unknown[]) => unknown>;
  return Object.fromEntries(
    Array.from(table, ([hook, method]) => [
      hook,
      synchronousHooks.has(hook)
        ? (...args: unknown[]) => settled(members[method]!(...args), hook, instance)
        : (...args: unknown[]) => members[method]!(...args),
    ]),
  ) as BoundHooks<Owner>;
}

/** What a hook returned that nobody waits for. */
function settled(result: unknown, hook: string, owner: object): unknown {
  if (!(result instanceof Promise)) return result;
  result.catch(() => undefined);
  throw new PLError('PL5033', `the hook '${hook}' of ${owner.constructor.name} returned a promise.`, {
    hint: 'It runs where nothing can wait for it: no async, no await.',
  });
}

/** A module's hooks for one evaluation stage, as the evaluation loop names them. */
export function bindEvaluationHooks(
  hooks: BoundHooks<'module'>,
  stage: EvaluationStage,
): BoundEvaluationHooks {
  return Object.fromEntries(
    evaluationHookNames.map((name) => [name, hooks[stageHookName(name, stage)]]),
  ) as unknown as BoundEvaluationHooks;
}
