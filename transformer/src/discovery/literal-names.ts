import { type Expression, Node } from 'ts-morph';

/** The texts that an expression can be, or undefined when they are not known before it runs. */
export function literalNames(node: Node): string[] | undefined {
  if (Node.isStringLiteral(node) || Node.isNoSubstitutionTemplateLiteral(node))
    return [node.getLiteralValue()];
  if (Node.isTemplateExpression(node)) {
    return node.getTemplateSpans().reduce<string[] | undefined>(
      (heads, span) => {
        const values = literalNames(span.getExpression());
        return (
          values &&
          heads?.flatMap((head) => values.map((value) => head + value + span.getLiteral().getLiteralText()))
        );
      },
      [node.getHead().getLiteralText()],
    );
  }
  if (Node.isConditionalExpression(node)) return union(node.getWhenTrue(), node.getWhenFalse());
  return namesOfType(node);
}

function union(...nodes: Expression[]): string[] | undefined {
  const names = nodes.map(literalNames);
  return names.includes(undefined) ? undefined : [...new Set(names.flatMap((list) => list ?? []))];
}

function namesOfType(node: Node): string[] | undefined {
  const type = node.getType();
  const members = type.isUnion() ? type.getUnionTypes() : [type];
  const values = members.map((member) => (member.isStringLiteral() ? member.getLiteralValue() : undefined));
  return values.every((value) => typeof value === 'string') ? values : undefined;
}
