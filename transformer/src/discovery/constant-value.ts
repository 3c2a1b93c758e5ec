import { Node, type ObjectLiteralExpression } from 'ts-morph';
import { propertyValue } from './property-value.js';

/** The value of an expression that is known before it runs, in a box; undefined when only a run can tell. */
export function constantValue(expression: Node | undefined): { readonly value: unknown } | undefined {
  const node = expression && unwrapped(expression);
  if (node === undefined) return undefined;
  if (Node.isNumericLiteral(node) || Node.isStringLiteral(node)) return { value: node.getLiteralValue() };
  if (Node.isNullLiteral(node)) return { value: null };
  if (Node.isIdentifier(node) && node.getText() === 'undefined') return { value: undefined };
  if (Node.isArrayLiteralExpression(node)) return allOf(node.getElements());
  if (Node.isObjectLiteralExpression(node)) return recordOf(node);
  return valueOfType(node);
}

/** What an expression is without `as`, `satisfies` and parentheses, which change nothing in a run. */
export function unwrapped(node: Node): Node {
  return Node.isAsExpression(node) || Node.isSatisfiesExpression(node) || Node.isParenthesizedExpression(node)
    ? unwrapped(node.getExpression())
    : node;
}

function allOf(nodes: readonly Node[]): { value: unknown[] } | undefined {
  const values = nodes.map(constantValue);
  return values.every((value) => value !== undefined)
    ? { value: values.map(({ value }) => value) }
    : undefined;
}

function recordOf(literal: ObjectLiteralExpression): { value: object } | undefined {
  const entries = literal.getProperties().map((property) => {
    const value = constantValue(propertyValue(property));
    return value && ([property.getSymbolOrThrow().getName(), value.value] as const);
  });
  return entries.every((entry) => entry !== undefined) ? { value: Object.fromEntries(entries) } : undefined;
}

/** Booleans, negative numbers, and constants with a name: their type says what they are. */
function valueOfType(node: Node): { value: unknown } | undefined {
  const type = node.getType();
  if (type.isNull()) return { value: null };
  if (type.isBooleanLiteral()) return { value: type.getText() === 'true' };
  return type.isNumberLiteral() || type.isStringLiteral() ? { value: type.getLiteralValue() } : undefined;
}
