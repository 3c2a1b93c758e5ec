import type { JsonSchema } from '@pl-ts/runtime/config';
import { Node, type Type, type TypeNode, ts } from 'ts-morph';
import type { SchemaContext } from './schema-context.js';

export function arraySchema(type: Type, context: SchemaContext, typeNode?: TypeNode): JsonSchema {
  const element = type.getArrayElementTypeOrThrow();
  const inner = context.within(type, 'part');
  return { type: 'array', items: context.convert(element, inner, elementNode(typeNode)) };
}

/** `[a, b?, ...c[]]`. A rest element anywhere but at the end has no schema. */
export function tupleSchema(type: Type, context: SchemaContext, typeNode?: TypeNode): JsonSchema {
  const target = (type.compilerType as ts.TupleTypeReference).target;
  const flags = target.elementFlags;
  const inner = context.within(type, 'part');
  const nodes = Node.isTupleTypeNode(typeNode) ? typeNode.getElements() : [];
  const fixed: JsonSchema[] = [];
  let rest: JsonSchema | undefined;
  for (const [i, element] of type.getTupleElements().entries()) {
    const flag = flags[i]!;
    if (flag & ts.ElementFlags.Variadic || rest !== undefined) {
      return context.noSchema(type, 'a tuple with a rest element before its end');
    }
    if (flag & ts.ElementFlags.Rest) rest = context.convert(element, inner);
    else fixed.push(context.convert(element, inner, nodes[i]));
  }
  if (fixed.length === 0)
    return { type: 'array', ...(rest === undefined ? { maxItems: 0 } : { items: rest }) };
  const minItems = flags.filter((flag) => flag & ts.ElementFlags.Required).length;
  const bounds = rest === undefined ? { maxItems: fixed.length } : {};
  return { type: 'array', items: fixed, minItems, ...bounds, additionalItems: rest ?? false };
}

function elementNode(typeNode: TypeNode | undefined): TypeNode | undefined {
  if (Node.isTypeOperatorTypeNode(typeNode)) return elementNode(typeNode.getTypeNode());
  if (Node.isArrayTypeNode(typeNode)) {
    const element = typeNode.getElementTypeNode();
    return Node.isParenthesizedTypeNode(element) ? element.getTypeNode() : element;
  }
  if (Node.isTypeReference(typeNode)) return typeNode.getTypeArguments()[0];
  return undefined;
}
