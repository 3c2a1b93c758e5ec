import { Node } from 'ts-morph';

/**
 * What gives a property of an object literal its value: its expression, or for `{ name }` the name where the variable
 * is declared, whose type is not widened as that of the property is. Undefined for methods, accessors and spreads.
 */
export function propertyValue(property: Node | undefined): Node | undefined {
  if (Node.isPropertyAssignment(property)) return property.getInitializer();
  if (!Node.isShorthandPropertyAssignment(property)) return undefined;
  const declared = property.getValueSymbol()?.getValueDeclaration();
  return Node.isVariableDeclaration(declared) ? declared.getNameNode() : property.getNameNode();
}
