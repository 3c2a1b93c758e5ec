import { type Node, type Signature, type Type, ts } from 'ts-morph';

const { NoTruncation, UseAliasDefinedOutsideCurrentScope, InTypeAlias } = ts.TypeFormatFlags;

/** A type as a person would write it there, without `import("…")`. */
export function typeText(type: Type, place: Node): string {
  return type.getText(place, NoTruncation | UseAliasDefinedOutsideCurrentScope);
}

/** `(batch: unknown, batchIdx: number) => void | Promise<void>` */
export function signatureText(signature: Signature, place: Node): string {
  const parameters = signature.getParameters().map((parameter) => {
    return `${parameter.getName()}: ${typeText(parameter.getTypeAtLocation(place), place)}`;
  });
  const returned = signature
    .getReturnType()
    .getText(place, NoTruncation | UseAliasDefinedOutsideCurrentScope | InTypeAlias);
  return `(${parameters.join(', ')}) => ${returned}`;
}
