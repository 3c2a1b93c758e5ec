import { type MethodDeclaration, Node, type Signature, type Symbol as TsSymbol, type Type } from 'ts-morph';
import { AsynchronousHook } from '../diagnostics/asynchronous-hook.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { WrongSignature } from '../diagnostics/wrong-signature.js';
import { waitingFor } from '../types/promise.js';
import { signatureText, typeText } from '../types/text.js';
import type { Check } from './check.js';

/** Compares each hook's method with what the trainer passes and takes. */
export const checkSignatures: Check = ({ classes, catalog }) =>
  classes.flatMap(({ kind, ownHooks }) =>
    ownHooks.flatMap(({ hook, member }) => {
      const expected = hook === undefined ? undefined : catalog.type(kind, hook);
      if (hook === undefined || expected === undefined || !Node.isMethodDeclaration(member)) return [];
      return checkMethod(member, hook, expected) ?? [];
    }),
  );

function checkMethod(method: MethodDeclaration, hook: string, expected: Type): Diagnostic | undefined {
  const type = method.getType();
  const given = type.getCallSignatures()[0];
  const wanted = expected.getCallSignatures()[0];
  if (given === undefined || wanted === undefined) return undefined;
  const name = method.getNameNode();
  const isSynchronous = waitingFor(wanted.getReturnType()) === 'never';
  if (isSynchronous && waitingFor(given.getReturnType()) === 'always') {
    return new AsynchronousHook(name, method.getName(), hook);
  }
  if (type.isAssignableTo(expected)) return undefined;
  const cause =
    parametersDifference(given, wanted, method) ??
    // What a training step returns is looked at by itself.
    (hook === 'training_step' ? undefined : resultDifference(given, wanted, method));
  return cause === undefined
    ? undefined
    : new WrongSignature(name, method.getName(), hook, cause, signatureText(wanted, method));
}

/** What keeps a method from its hook. Parameters may be narrower than what is passed, such as the batch. */
function parametersDifference(
  given: Signature,
  wanted: Signature,
  method: MethodDeclaration,
): string | undefined {
  const passed = wanted.getParameters();
  for (const [index, parameter] of given.getParameters().entries()) {
    const cause = parameterDifference(parameter, passed[index], passed.length, method);
    if (cause !== undefined) return cause;
  }
  return undefined;
}

function resultDifference(
  given: Signature,
  wanted: Signature,
  method: MethodDeclaration,
): string | undefined {
  const returned = given.getReturnType();
  if (returned.isAssignableTo(wanted.getReturnType()) || wanted.getReturnType().isVoid()) return undefined;
  return `it returns ${typeText(returned, method)}`;
}

function parameterDifference(
  parameter: TsSymbol,
  passed: TsSymbol | undefined,
  count: number,
  method: MethodDeclaration,
): string | undefined {
  const declaration = parameter.getValueDeclaration();
  if (!Node.isParameterDeclaration(declaration) || declaration.isRestParameter()) return undefined;
  const name = Node.isIdentifier(declaration.getNameNode())
    ? `parameter '${parameter.getName()}'`
    : 'its parameter';
  if (passed === undefined) {
    if (declaration.isOptional()) return undefined;
    return `${name} is one too many: the hook passes ${count === 0 ? 'nothing' : `${count} argument${count === 1 ? '' : 's'}`}`;
  }
  const taken = parameter.getTypeAtLocation(method);
  const type = passed.getTypeAtLocation(method);
  if (taken.isAssignableTo(type) || type.isAssignableTo(taken)) return undefined;
  const as = passed.getName() === parameter.getName() ? '' : ` ('${passed.getName()}')`;
  return `${name} is ${typeText(taken, method)}, the hook passes ${typeText(type, method)}${as}`;
}
