import type { Signature, Type } from 'ts-morph';
import { type LightningClass, methodType } from './discovery/lightning-class.js';

/** The signature of the method that serves a hook of a class, or undefined. */
export function hookSignature(owner: LightningClass, hook: string): Signature | undefined {
  const method = owner.hooks.get(hook);
  return method === undefined ? undefined : methodType(owner, method)?.getCallSignatures()[0];
}

/** The type of a signature's parameter, seen from the class; undefined when it has fewer. */
export function parameterType(
  signature: Signature,
  index: number,
  { declaration }: LightningClass,
): Type | undefined {
  return signature.getParameters()[index]?.getTypeAtLocation(declaration);
}
