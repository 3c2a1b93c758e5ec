import { declaredHooks } from './decorators.js';
import type { HookOwner, HooksOf } from './signatures.js';

/** The hooks that an object has, ready to call; absent ones are undefined. */
export type BoundHooks<Owner extends HookOwner> = Partial<HooksOf[Owner]>;

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
    Array.from(table, ([hook, method]) => [hook, (...args: unknown[]) => members[method]!(...args)]),
  ) as BoundHooks<Owner>;
}
