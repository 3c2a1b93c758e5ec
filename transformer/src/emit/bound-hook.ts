import { Node, type Signature } from 'ts-morph';
import type { HookCatalog } from '../discovery/hook-catalog.js';
import { type LightningClass, methodType } from '../discovery/lightning-class.js';
import type { BoundHook } from '../specialise/loop-plan.js';
import { givesNothing, waitingFor } from '../types/promise.js';

/**
 * How the loop of a module calls one of its hooks.
 *
 * @param modelType the module's type, as generated code writes it
 */
export function boundHook(
  owner: LightningClass,
  hook: string,
  modelType: string,
  catalog: HookCatalog,
): BoundHook {
  const method = owner.hooks.get(hook)!;
  const signatures = methodType(owner, method)?.getCallSignatures() ?? [];
  const results = signatures.map((signature) => signature.getReturnType());
  return {
    method,
    parameters: Math.max(...signatures.map(parameterCount)),
    awaited: results.some((result) => waitingFor(result) !== 'never'),
    returnsNothing: results.every(givesNothing),
    casts: signatures
      .slice(0, 1)
      .flatMap((signature) =>
        casts(signature, owner, hook, catalog.type('module', hook)?.getCallSignatures()[0]).map(
          (isCast, index) => (isCast ? `Parameters<${modelType}['${method}']>[${index}]` : undefined),
        ),
      ),
  };
}

function parameterCount(signature: Signature): number {
  const parameters = signature.getParameters();
  const last = parameters.at(-1)?.getValueDeclaration();
  return Node.isParameterDeclaration(last) && last.isRestParameter()
    ? Number.POSITIVE_INFINITY
    : parameters.length;
}

/**
 * For each parameter whether it is narrower than what the hook promises. A batch is not: the loop has the type of the
 * step's own; nor is what an evaluation step returned for one batch, which the loop has from the call.
 */
function casts(
  signature: Signature,
  { declaration }: LightningClass,
  name: string,
  hook: Signature | undefined,
): boolean[] {
  const passed = hook?.getParameters() ?? [];
  return signature.getParameters().map((parameter, index) => {
    const argument = passed[index];
    if (argument === undefined || argument.getName() === 'batch') return false;
    if (argument.getName() === 'outputs' && /^on_(validation|test|predict)_batch_end$/.test(name))
      return false;
    return !argument.getTypeAtLocation(declaration).isAssignableTo(parameter.getTypeAtLocation(declaration));
  });
}
