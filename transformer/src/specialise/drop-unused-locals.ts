import { ts } from 'ts-morph';
import { isPure } from './drop-dead-code.js';
import { type Edit, type Rule, removeStatement, replaceNode } from './rewrite.js';

/** Takes out `const` declarations whose names nobody reads any more; what computes their value stays if it acts. */
export const dropUnusedLocals: Rule = (node, file) => {
  if (!ts.isVariableStatement(node) || node.declarationList.declarations.length !== 1) return undefined;
  const [declaration] = node.declarationList.declarations;
  if (declaration === undefined || !ts.isBlock(node.parent)) return undefined;
  const { name, initializer } = declaration;
  const isUsed = (binding: ts.BindingName) =>
    ts.isIdentifier(binding) && isRead(binding.text, node.parent, declaration);

  if (ts.isObjectBindingPattern(name)) {
    const used = name.elements.filter((element) => isUsed(element.name));
    if (used.length === name.elements.length) return undefined;
    if (used.length > 0)
      return replaceNode(name, file, `{ ${used.map((element) => element.getText(file)).join(', ')} }`);
  } else if (!ts.isIdentifier(name) || isUsed(name)) {
    return undefined;
  }
  return withoutDeclaration(node, initializer, file);
};

function withoutDeclaration(
  node: ts.VariableStatement,
  initializer: ts.Expression | undefined,
  file: ts.SourceFile,
): Edit {
  const acts = initializer !== undefined && !isPure(initializer);
  return acts ? replaceNode(node, file, `${initializer.getText(file)};`) : removeStatement(node, file);
}

/** Whether an identifier of that name is read in the scope, outside its own declaration. */
function isRead(name: string, scope: ts.Node, declaration: ts.Node): boolean {
  const visit = (node: ts.Node): boolean => {
    if (node === declaration) return false;
    if (ts.isIdentifier(node) && node.text === name && !isMemberName(node)) return true;
    return ts.forEachChild(node, visit) ?? false;
  };
  return visit(scope);
}

function isMemberName(node: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
}
