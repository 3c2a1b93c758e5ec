import type { MethodDeclaration } from 'ts-morph';
import type { LightningClass } from './lightning-class.js';

/** The method that serves a hook of a class, its own or inherited from a class of the project. */
export function hookMethod(
  { hooks, declaration, bases }: LightningClass,
  hook: string,
): MethodDeclaration | undefined {
  const name = hooks.get(hook);
  if (name === undefined) return undefined;
  return [declaration, ...bases]
    .map((one) => one.getInstanceMethod(name))
    .find((method) => method !== undefined);
}
