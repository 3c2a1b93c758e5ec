import { Node, type Type, type TypeNode } from 'ts-morph';

/**
 * Members of a union in the order in which the source spells them; TypeScript's own order depends on what it checked
 * before. Members that the source does not spell come last, by their text; `null` closes.
 */
export function inSourceOrder(members: readonly Type[], typeNode: TypeNode | undefined): Type[] {
  const spelt = typeNode === undefined ? [] : spellings(typeNode);
  const rank = (type: Type): number => {
    if (type.isNull()) return Number.POSITIVE_INFINITY;
    const at = spelt.findIndex((member) => member.compilerType === type.compilerType);
    return at === -1 ? spelt.length : at;
  };
  const compare = (a: Type, b: Type) => (a.getText() < b.getText() ? -1 : a.getText() > b.getText() ? 1 : 0);
  return [...members].sort((a, b) => {
    const [rankA, rankB] = [rank(a), rank(b)];
    return rankA === rankB ? compare(a, b) : rankA - rankB;
  });
}

/** The types that a type node lists, through parentheses, aliases and enums. */
function spellings(node: TypeNode, seen: ReadonlySet<Node> = new Set()): Type[] {
  if (seen.has(node)) return [];
  const deeper = new Set([...seen, node]);
  if (Node.isUnionTypeNode(node)) return node.getTypeNodes().flatMap((member) => spellings(member, deeper));
  if (Node.isParenthesizedTypeNode(node)) return spellings(node.getTypeNode(), deeper);
  const type = node.getType();
  if (!type.isUnion()) return [type];
  const alias = Node.isTypeReference(node) ? aliasedNode(node.getTypeName()) : undefined;
  return alias === undefined ? type.getUnionTypes() : spellings(alias, deeper);
}

function aliasedNode(name: Node): TypeNode | undefined {
  const symbol = name.getSymbol();
  const declaration = (symbol?.getAliasedSymbol() ?? symbol)?.getDeclarations()[0];
  return Node.isTypeAliasDeclaration(declaration) ? declaration.getTypeNode() : undefined;
}
